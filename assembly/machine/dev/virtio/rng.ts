// Virtio entropy device: fills what the driver offers with random bytes. Depends on host, virtio/queue, virtio/chain.
// Virtio 1.2, section 5.4: one queue, no features, no configuration space.
import { random } from "../../host";
import { chainWritable, nextWriteSpan, spanPtr } from "./chain";
import { VirtioDevice } from "./device";
import { finishChain, signalDriver, takeChain, VISIT_CHAINS } from "./queue";

/** More than this is not filled in; the driver sees from the length how much it got. */
const MAX_BYTES: u32 = 4096;

export function notifyRng(d: VirtioDevice, queue: u32): void {
  for (let n: u32 = 0; n < VISIT_CHAINS && takeChain(d, queue); n++) {
    const want = <u32>min<u64>(chainWritable, MAX_BYTES);
    let done: u32 = 0;
    while (done < want) {
      const count = nextWriteSpan(want - done);
      random(spanPtr, count);
      done += count;
    }
    finishChain(d, queue, done);
  }
  signalDriver(d, queue);
}
