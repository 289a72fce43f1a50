// Files of an instance, running or not. May depend on engine/, instance/ and the API's own files.
import { createRoute, z } from "@hono/zod-openapi";
import type { FileStat } from "../../instance/file-tree.js";
import { newRouter } from "../api-env.js";
import { answerStream, requestBytes } from "../body-stream.js";
import { instanceParams, pathQuery, wholeNumber } from "../parameters.js";
import { json, problems, secured } from "../responses.js";
import { binary, filesView, fileView } from "../schemas.js";

const tags = ["files"];
const PATH = "/v1/instances/{id}/files";
const BYTES = "application/octet-stream";
const MAX_ID = 2 ** 32 - 2;

const read = createRoute({
  method: "get",
  path: PATH,
  operationId: "readFile",
  summary: "Read a file",
  tags,
  security: secured,
  request: { params: instanceParams, query: pathQuery },
  responses: {
    200: {
      description: "Its content.",
      content: { [BYTES]: { schema: binary } },
      headers: z.object({
        "Wardian-File-Size": z.string(),
        "Wardian-File-Mode": z.string().openapi({ description: "Octal, as in chmod." }),
        "Wardian-File-Uid": z.string(),
        "Wardian-File-Gid": z.string(),
        "Last-Modified": z.string(),
      }),
    },
    ...problems(404, 409, 422),
  },
});

const write = createRoute({
  method: "put",
  path: PATH,
  operationId: "writeFile",
  summary: "Make or replace a file",
  tags,
  security: secured,
  request: {
    params: instanceParams,
    query: pathQuery.extend({
      mode: z
        .string()
        .regex(/^[0-7]{1,4}$/, "octal, as in chmod")
        .transform((text) => Number.parseInt(text, 8))
        .optional()
        .openapi({ type: "string", description: "Octal, as in chmod.", example: "755" }),
      uid: wholeNumber(0, MAX_ID).optional(),
      gid: wholeNumber(0, MAX_ID).optional(),
    }),
    body: { content: { [BYTES]: { schema: binary } } },
  },
  responses: { 204: { description: "It is written." }, ...problems(404, 409, 413, 422) },
});

const remove = createRoute({
  method: "delete",
  path: PATH,
  operationId: "removeFile",
  summary: "Remove a file, or a folder with all that is in it",
  tags,
  security: secured,
  request: { params: instanceParams, query: pathQuery },
  responses: { 204: { description: "It is gone." }, ...problems(404, 409, 422) },
});

const stat = createRoute({
  method: "get",
  path: `${PATH}/stat`,
  operationId: "statFile",
  summary: "What a path is",
  description: "A symbolic link is told of itself.",
  tags,
  security: secured,
  request: { params: instanceParams, query: pathQuery },
  responses: { 200: json("The file.", fileView), ...problems(404, 409, 422) },
});

const list = createRoute({
  method: "get",
  path: `${PATH}/list`,
  operationId: "listFiles",
  summary: "What is in a folder",
  tags,
  security: secured,
  request: { params: instanceParams, query: pathQuery },
  responses: { 200: json("Its entries, by name.", filesView), ...problems(404, 409, 422) },
});

// No Content-Length: the size of what a running guest writes to, or makes up (/proc), is another by the time it has been read.
function headersOf({ sizeBytes, mode, uid, gid, modifiedAt }: FileStat): Record<string, string> {
  return {
    "Wardian-File-Size": String(sizeBytes),
    "Wardian-File-Mode": mode.toString(8).padStart(4, "0"),
    "Wardian-File-Uid": String(uid),
    "Wardian-File-Gid": String(gid),
    "Last-Modified": new Date(modifiedAt).toUTCString(),
    // A guest's bytes are never a page of ours.
    "Content-Disposition": "attachment",
    "X-Content-Type-Options": "nosniff",
  };
}

export const fileRoutes = () =>
  newRouter()
    .openapi(read, async (c) => {
      const { stat, content } = await c.get("door").apply({
        kind: "read-file",
        instance: c.req.valid("param").id,
        path: c.req.valid("query").path,
      });
      for (const [name, value] of Object.entries(headersOf(stat))) c.header(name, value);
      return answerStream(c, BYTES, content, () => content.destroy());
    })
    .openapi(write, async (c) => {
      const { path, ...options } = c.req.valid("query");
      await c.get("door").apply({ kind: "write-file", instance: c.req.valid("param").id, path, content: requestBytes(c), options });
      return c.body(null, 204);
    })
    .openapi(remove, async (c) => {
      await c.get("door").apply({ kind: "remove-file", instance: c.req.valid("param").id, path: c.req.valid("query").path });
      return c.body(null, 204);
    })
    .openapi(stat, async (c) => {
      return c.json(
        await c.get("door").apply({ kind: "stat-file", instance: c.req.valid("param").id, path: c.req.valid("query").path }),
        200,
      );
    })
    .openapi(list, async (c) => {
      const found = await c.get("door").apply({ kind: "list-files", instance: c.req.valid("param").id, path: c.req.valid("query").path });
      return c.json({ files: [...found] }, 200);
    });
