// Goldfish RTC: wall-clock nanoseconds and one alarm. Depends on host, hart time and bus/irq.
// Registers as in the Goldfish virtual hardware documentation; all are 32 bits wide.
import { RTC_IRQ, TIMEBASE_HZ } from "../abi";
import { setLine } from "../bus/irq";
import { mtime } from "../hart/time";
import { wallClock } from "../host";
import { RTC_STATE_PTR } from "./layout";

const TIME_LOW: u32 = 0x00; // reading latches TIME_HIGH; writing sets the clock together with TIME_HIGH
const TIME_HIGH: u32 = 0x04;
const ALARM_LOW: u32 = 0x08; // writing arms the alarm
const ALARM_HIGH: u32 = 0x0c;
const IRQ_ENABLED: u32 = 0x10;
const CLEAR_ALARM: u32 = 0x14;
const ALARM_STATUS: u32 = 0x18;
const CLEAR_INTERRUPT: u32 = 0x1c;

const NS_PER_TICK: u64 = 1_000_000_000 / TIMEBASE_HZ;

const OFFSET_PTR: usize = RTC_STATE_PTR; // u64, what the guest added to the wall clock
const ALARM_PTR: usize = RTC_STATE_PTR + 8; // u64
const HIGH_LATCH_PTR: usize = RTC_STATE_PTR + 16; // u32
const HIGH_WRITTEN_PTR: usize = RTC_STATE_PTR + 20; // u32
const ARMED_PTR: usize = RTC_STATE_PTR + 24; // u32
const ENABLED_PTR: usize = RTC_STATE_PTR + 28; // u32
const PENDING_PTR: usize = RTC_STATE_PTR + 32; // u32

export function rtcReset(): void {
  memory.fill(RTC_STATE_PTR, 0, 64);
  drive();
}

/** Fires the alarm where it is due. */
export function rtcTick(): void {
  if (load<u32>(ARMED_PTR) == 0 || load<u64>(ALARM_PTR) > nanoseconds()) return;
  store<u32>(ARMED_PTR, 0);
  store<u32>(PENDING_PTR, 1);
  drive();
}

/** When the alarm is due, in mtime ticks; u64.MAX_VALUE where none is armed. */
export function rtcDeadline(): u64 {
  if (load<u32>(ARMED_PTR) == 0) return u64.MAX_VALUE;
  const alarm = load<u64>(ALARM_PTR);
  const now = nanoseconds();
  if (alarm <= now) return mtime();
  const ticks = (alarm - now) / NS_PER_TICK + 1;
  const deadline = mtime() + ticks;
  return deadline < ticks ? u64.MAX_VALUE : deadline;
}

/** `size` is 4. */
export function rtcLoad(offset: u32): u32 {
  switch (offset >> 2) {
    case TIME_LOW >> 2: {
      const now = nanoseconds();
      store<u32>(HIGH_LATCH_PTR, <u32>(now >>> 32));
      return <u32>now;
    }
    case TIME_HIGH >> 2:
      return load<u32>(HIGH_LATCH_PTR);
    case ALARM_LOW >> 2:
      return load<u32>(ALARM_PTR);
    case ALARM_HIGH >> 2:
      return load<u32>(ALARM_PTR, 4);
    case IRQ_ENABLED >> 2:
      return load<u32>(ENABLED_PTR);
    case ALARM_STATUS >> 2:
      return load<u32>(ARMED_PTR);
    default:
      return 0;
  }
}

export function rtcStore(offset: u32, value: u32): void {
  switch (offset >> 2) {
    case TIME_LOW >> 2:
      store<u64>(OFFSET_PTR, (((<u64>load<u32>(HIGH_WRITTEN_PTR)) << 32) | value) - wallClock());
      break;
    case TIME_HIGH >> 2:
      store<u32>(HIGH_WRITTEN_PTR, value);
      break;
    case ALARM_LOW >> 2:
      store<u32>(ALARM_PTR, value);
      store<u32>(ARMED_PTR, 1);
      rtcTick();
      break;
    case ALARM_HIGH >> 2:
      store<u32>(ALARM_PTR, value, 4);
      break;
    case IRQ_ENABLED >> 2:
      store<u32>(ENABLED_PTR, value & 1);
      drive();
      break;
    case CLEAR_ALARM >> 2:
      store<u32>(ARMED_PTR, 0);
      break;
    case CLEAR_INTERRUPT >> 2:
      store<u32>(PENDING_PTR, 0);
      drive();
      break;
    default:
      break;
  }
}

function nanoseconds(): u64 {
  return wallClock() + load<u64>(OFFSET_PTR);
}

function drive(): void {
  setLine(RTC_IRQ, (load<u32>(PENDING_PTR) & load<u32>(ENABLED_PTR)) != 0);
}
