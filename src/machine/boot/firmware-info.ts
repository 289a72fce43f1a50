// struct fw_dynamic_info, through which OpenSBI's fw_dynamic learns in a2 what to start next (include/sbi/fw_dynamic.h:
// six 64-bit words: magic, version, next_addr, next_mode, options, boot_hart). Depends on nothing.

const MAGIC = 0x4942534fn; // "OSBI"
const VERSION = 2n;
const NEXT_MODE_S = 1n;
const NO_OPTIONS = 0n;

export function buildFirmwareInfo({ nextPa, bootHart }: { nextPa: number; bootHart: number }): Uint8Array {
  const words = [MAGIC, VERSION, BigInt(nextPa), NEXT_MODE_S, NO_OPTIONS, BigInt(bootHart)];
  const bytes = new Uint8Array(words.length * 8);
  const view = new DataView(bytes.buffer);
  words.forEach((word, index) => view.setBigUint64(index * 8, word, true));
  return bytes;
}
