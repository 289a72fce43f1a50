// The kernel lock: over the file tree and its inodes. Held briefly, never while waiting or calling the host. Depends on lock.
import { KERNEL_PTR } from "../abi";
import { lock_acquire, lock_release } from "../lock";


@inline
export function lockTree(): void {
  lock_acquire(KERNEL_PTR);
}


@inline
export function unlockTree(): void {
  lock_release(KERNEL_PTR);
}
