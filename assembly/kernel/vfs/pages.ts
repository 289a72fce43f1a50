// The tree of a file's pages: index pages of 1,024 pointers, both only where something was written. Depends on slab, inode.
//
//   root -> page                          height 0: up to 4 KiB
//   root -> index -> page                 height 1: up to 4 MiB, then 4 GiB, 4 TiB, 4 PiB
import { page_alloc, page_free } from "../slab";
import { charge, discharge, File, Fs } from "./inode";

const PAGE_BYTES: u32 = 4096;
const FANOUT_BITS: u64 = 10;
const FANOUT_MASK: u64 = 1023;


@inline
function child(node: usize, slot: u64): usize {
  return load<u32>(node + ((<usize>slot) << 2));
}


@inline
function setChild(node: usize, slot: u64, ptr: usize): void {
  store<u32>(node + ((<usize>slot) << 2), <u32>ptr);
}

/** The file's own page of that number, or 0. */
export function ownPage(f: File, index: u64): usize {
  let level = f.height;
  if (index >> (FANOUT_BITS * level) != 0) return 0;
  let node = f.root;
  while (node && level) {
    level--;
    node = child(node, (index >> (FANOUT_BITS * level)) & FANOUT_MASK);
  }
  return node;
}

/** Puts a page into the tree; false if an index page was wanting. */
export function enter(f: File, index: u64, page: usize): bool {
  if (!raise(f, index)) return false;
  let level = f.height;
  if (level == 0) {
    f.root = page;
    return true;
  }
  if (!f.root && !(f.root = takePage(f.fs))) return false;
  let node = f.root;
  while (--level) {
    const slot = (index >> (FANOUT_BITS * level)) & FANOUT_MASK;
    let next = child(node, slot);
    if (!next) {
      next = takePage(f.fs);
      if (!next) return false;
      setChild(node, slot, next);
    }
    node = next;
  }
  setChild(node, index & FANOUT_MASK, page);
  return true;
}

/** Makes the tree high enough for that page. */
function raise(f: File, index: u64): bool {
  while (index >> (FANOUT_BITS * f.height) != 0) {
    if (f.root) {
      const above = takePage(f.fs);
      if (!above) return false;
      setChild(above, 0, f.root);
      f.root = above;
    }
    f.height += 1;
  }
  return true;
}

/**
 * Frees the pages from number `first` on, and the index pages that hold none before it: level by level, from the leaves. What is left
 * of the budget; with 0 some may be left.
 */
export function freeFrom(f: File, first: u64, budget: u32): u32 {
  if (!f.root) return budget;
  const height = <u64>f.height;
  let left = budget;
  for (let level: u64 = 0; level < height; level++) {
    const bits = FANOUT_BITS * level;
    const end: u64 = 1 << (FANOUT_BITS * (height - level));
    let at = (first + (1 << bits) - 1) >> bits; // the first child of this level that is freed whole
    while (at < end) {
      const node = nodeOf(f, level, at);
      if (node) left = freeChildren(f, node, at & FANOUT_MASK, left);
      if (left == 0) return 0;
      at = node ? (at | FANOUT_MASK) + 1 : nextNode(f, level, at);
    }
  }
  if (first != 0) return left;
  givePage(f.fs, f.root);
  f.root = 0;
  return left;
}

/** The index page that child number `at` of that level stands in, or 0. */
function nodeOf(f: File, level: u64, at: u64): usize {
  let above = <u64>f.height;
  let node = f.root;
  while (node && above > level + 1) {
    above--;
    node = child(node, (at >> (FANOUT_BITS * (above - level))) & FANOUT_MASK);
  }
  return node;
}

/** The first child of that level behind the highest index page that is not there. */
function nextNode(f: File, level: u64, at: u64): u64 {
  let above = <u64>f.height;
  let node = f.root;
  while (node) {
    above--;
    node = child(node, (at >> (FANOUT_BITS * (above - level))) & FANOUT_MASK);
  }
  return ((at >> (FANOUT_BITS * (above - level))) + 1) << (FANOUT_BITS * (above - level));
}

/** Frees the children in the slots from `first` on, up to `budget`; what is left of it. */
function freeChildren(f: File, node: usize, first: u64, budget: u32): u32 {
  let left = budget;
  for (let slot = first; slot <= FANOUT_MASK && left; slot++) {
    const page = child(node, slot);
    if (!page) continue;
    givePage(f.fs, page);
    setChild(node, slot, 0);
    left--;
  }
  return left;
}

/** Takes levels away that `pages` pages do not need. */
export function lowerTree(f: File, pages: u64): void {
  while (f.height && pages <= (<u64>1) << (FANOUT_BITS * (f.height - 1))) {
    f.height -= 1;
    if (!f.root) continue;
    const root = f.root;
    f.root = child(root, 0);
    givePage(f.fs, root);
  }
}

export function takePage(fs: Fs): usize {
  if (!charge(fs, PAGE_BYTES)) return 0;
  const page = page_alloc();
  if (!page) discharge(fs, PAGE_BYTES);
  return page;
}

export function givePage(fs: Fs, page: usize): void {
  page_free(page);
  discharge(fs, PAGE_BYTES);
}
