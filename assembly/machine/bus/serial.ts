// The way out of all that is serial: UART, SBI console, HTIF. Depends on host and bus/turn.
import { uartWrite } from "../host";
import { endTurn, TURN_OVER } from "./turn";

/** Sends a byte; where the host has enough for now, the machine's turn is over. */
export function serialWrite(byte: u32): void {
  if (uartWrite(byte) != 0) endTurn(TURN_OVER);
}
