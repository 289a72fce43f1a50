// Types of the vendored add-on that fits a terminal to its place.
export { FitAddon } from "@xterm/addon-fit";
