// Figures as people read them: few digits, a unit, always as wide as last time. Depends on nothing.

const BINARY = ["B", "KiB", "MiB", "GiB", "TiB"] as const;
const DECIMAL = ["", "k", "M", "G", "T"] as const;

function scaled(value: number, base: number, units: readonly string[]): { text: string; unit: string } {
  let [scale, index] = [Math.max(0, value), 0];
  // What would be rounded up to the base is one of the next unit.
  while (index < units.length - 1 && Math.round(scale * 10) / 10 >= base) {
    scale /= base;
    index++;
  }
  const digits = index === 0 || scale >= 99.95 ? 0 : 1;
  return { text: scale.toFixed(digits), unit: units[index] ?? "" };
}

/** 134217728 -> "128 MiB". */
export function formatBytes(bytes: number): string {
  const { text, unit } = scaled(bytes, 1024, BINARY);
  return `${text.replace(/\.0$/, "")} ${unit}`;
}

export function formatByteRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** 12345678 -> "12.3 M". */
export function formatCount(value: number): string {
  const { text, unit } = scaled(value, 1000, DECIMAL);
  return unit === "" ? text : `${text} ${unit}`;
}

/** 0.034 -> "3.4 %", 1 -> "100 %". */
export function formatPercent(ratio: number): string {
  const percent = Math.max(0, ratio) * 100;
  return `${percent.toFixed(percent === 0 || percent >= 9.95 ? 0 : 1)} %`;
}

/** 125000 -> "2 min": the largest unit alone, the next one too where it tells something. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** An ISO time as the user's clock shows it, with milliseconds for logs. */
export function formatClock(iso: string, withMs = false): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  const two = (value: number): string => String(value).padStart(2, "0");
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return withMs ? `${clock}.${String(time.getMilliseconds()).padStart(3, "0")}` : clock;
}

/** "128M" as the API takes it, or bytes. */
export function formatSize(size: string | number): string {
  return typeof size === "number"
    ? formatBytes(size)
    : size.replace(/^(\d+)([KMGT])(i?B)?$/i, (_, digits: string, unit: string) => `${digits} ${unit.toUpperCase()}iB`);
}
