// Completes the `chosen` node of a device tree that the user gave: the command line and where the initrd is.
// Devicetree Specification v0.4, section 3.6. May depend on fdt*.ts.
import { type Fdt, type FdtNode, findChild, node, property, setProperty, wideCells } from "./fdt.js";
import { readFdt } from "./fdt-reader.js";
import { writeFdt } from "./fdt-writer.js";

export interface BootArguments {
  /** "" leaves the tree's own. */
  cmdline: string;
  initrd?: { start: number; end: number };
}

/** A new blob; throws `bad-device-tree` when `dtb` is not usable. */
export function chooseBootArguments(dtb: Uint8Array, { cmdline, initrd }: BootArguments): Uint8Array {
  const tree = readFdt(dtb);
  const chosen = chosenNode(tree);
  if (cmdline !== "") setProperty(chosen, property("bootargs", cmdline));
  if (initrd !== undefined) {
    setProperty(chosen, property("linux,initrd-start", wideCells([initrd.start])));
    setProperty(chosen, property("linux,initrd-end", wideCells([initrd.end])));
  }
  return writeFdt(tree);
}

function chosenNode(tree: Fdt): FdtNode {
  const existing = findChild(tree.root, "chosen");
  if (existing !== undefined) return existing;
  const added = node("chosen", []);
  tree.root.children.push(added);
  return added;
}
