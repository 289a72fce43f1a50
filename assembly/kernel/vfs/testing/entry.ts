// What the tests of slab and vfs drive: their functions without processes or system calls. Not part of the kernel.
import "../../abi";
export { lock_acquire, lock_release } from "../../lock";
export * from "../../slab";
export * from "../attributes";
export { check } from "./check";
export { fill, set_limit, set_max_mapped } from "./fill";
export { directory_read } from "../readdir";
export { file_allocate, file_read, file_truncate, file_write } from "../file";
export { inode_filetype, inode_hold, inode_size } from "../inode";
export * from "../layer";
export { vfs_link, vfs_lookup, vfs_mkdir, vfs_open, vfs_readlink, vfs_rmdir, vfs_symlink, vfs_unlink } from "../names";
export { inode_release } from "../reclaim";
export { vfs_rename } from "../rename";
export { vfs_count, vfs_file_systems, vfs_init, vfs_inode, vfs_total_bytes, vfs_total_inodes } from "../state";
export * from "../tmp";
export { xattr_get, xattr_list, xattr_remove, xattr_set } from "../xattr";
