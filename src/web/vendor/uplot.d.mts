// Types of the vendored charts.
import type uPlot from "uplot";
declare const constructor: typeof uPlot;
type constructor = uPlot;
export default constructor;
export type { AlignedData, Options } from "uplot";
