// For ownership.test.ts: a process that owns the folder it is given until it is killed. Not part of the program.
import { takeOwnership } from "./ownership.js";
import { openStateFolder } from "./state-folder.js";

const ownership = takeOwnership(openStateFolder(process.argv[2] ?? ""));
ownership?.publish({ pid: process.pid, socket: "/somewhere", startedAt: new Date().toISOString() });
process.stdout.write(ownership === undefined ? "refused\n" : "owned\n");
// Until the parent is gone.
if (ownership !== undefined) process.stdin.resume().on("end", () => ownership.release());
