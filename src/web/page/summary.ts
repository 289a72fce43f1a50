// The bar at the top: what all instances use together, and whether the page still hears the server. Depends on fleet.ts,
// figures.ts, format.ts and element.ts.
import type { EngineInfo } from "../../engine/views.js";
import { byId, el, setText } from "./element.js";
import { sumUp } from "./figures.js";
import type { Fleet } from "./fleet.js";
import type { Link } from "./follow.js";
import { formatBytes, formatCount } from "./format.js";
import { requestJson } from "./server.js";

export function showSummary(fleet: Fleet): void {
  const list = byId("summary", HTMLDListElement);
  const figure = (label: string): HTMLElement => {
    const value = el("dd", {}, "–");
    list.append(el("div", {}, el("dt", {}, label), value));
    return value;
  };
  const [running, cpu, memory, speed] = [figure("running"), figure("CPU"), figure("memory"), figure("instructions")];
  let info: EngineInfo | undefined;
  const update = (): void => {
    const totals = sumUp(fleet.metrics.values());
    setText(running, `${[...fleet.records.values()].filter(({ state }) => state === "running").length} of ${fleet.records.size}`);
    setText(cpu, `${totals.cpus.toFixed(2)}${info === undefined ? "" : ` of ${info.hostCpus}`}`);
    setText(memory, `${formatBytes(totals.memoryBytes)}${info === undefined ? "" : ` of ${formatBytes(info.hostMemoryBytes)}`}`);
    setText(speed, `${formatCount(totals.instructions)}/s`);
  };
  fleet.measured.subscribe(update);
  fleet.changed.subscribe(update);
  fleet.linked.subscribe((link) => {
    showLink(link);
    if (link.state !== "live" || info !== undefined) return;
    const setInfo = (answer: EngineInfo): void => {
      info = answer;
      setText(byId("version", HTMLSpanElement), answer.version);
      update();
    };
    // Only decoration: without it the figures stand without "of".
    void requestJson<EngineInfo>("/v1/info").then(setInfo, () => undefined);
  });
}

function showLink(link: Link): void {
  const status = byId("link", HTMLSpanElement);
  document.documentElement.dataset["link"] = link.state;
  status.title = link.state === "lost" ? link.reason : "";
  // The tries between are not worth a word: "lost" stays until the server is back.
  if (link.state === "connecting" && status.dataset["state"] === "lost") return;
  status.dataset["state"] = link.state;
  setText(status, { connecting: "Connecting", live: "Live", lost: "Connection lost, trying again" }[link.state]);
}
