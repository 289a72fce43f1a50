// Types of the vendored terminal (src/web/assets.ts says from where it comes).
export { type ITheme, Terminal } from "@xterm/xterm";
