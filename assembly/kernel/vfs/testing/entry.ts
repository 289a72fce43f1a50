// What the tests of slab and vfs drive: their functions without processes or system calls. Not part of the kernel.
export { lock_acquire, lock_release } from "../../lock";
export * from "../../slab";
