// How long the machine's turn goes on: serving the guest (serial output, disk operations) can take room and time of the host that
// the budget of instructions does not know of. The machine looks whenever the run loop lets go. Depends on layout only.
import { BOARD_PTR } from "../layout";

export const TURN_RUNS: u32 = 0;
export const TURN_LOOK: u32 = 1; // time has passed: look at the clock
export const TURN_OVER: u32 = 2; // the host has something to do first: come back to it

const TURN_PTR: usize = BOARD_PTR + 240; // u32, a TURN_ constant

export function endTurn(how: u32): void {
  store<u32>(TURN_PTR, max(how, load<u32>(TURN_PTR)));
}

export function turn(): u32 {
  return load<u32>(TURN_PTR);
}

/** What turn() says; from now on it runs again. */
export function takeTurn(): u32 {
  const how = load<u32>(TURN_PTR);
  store<u32>(TURN_PTR, TURN_RUNS);
  return how;
}
