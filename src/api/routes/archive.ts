// Folders of an instance as tar archives, down and up. May depend on errors, engine/ and the API's own files.
import { createRoute } from "@hono/zod-openapi";
import { WardianError } from "../../errors.js";
import { newRouter } from "../api-env.js";
import { answerStream, requestBytes } from "../body-stream.js";
import { essenceOf, negotiate } from "../media-type.js";
import { instanceParams, pathQuery } from "../parameters.js";
import { problems, secured } from "../responses.js";
import { binary } from "../schemas.js";

const tags = ["files"];
const PATH = "/v1/instances/{id}/archive";
const TAR = "application/x-tar";
/** What it really is, its first bytes tell. */
const ARCHIVE_TYPES = [TAR, "application/gzip", "application/zstd", "application/octet-stream"] as const;

const download = createRoute({
  method: "get",
  path: PATH,
  operationId: "getArchive",
  summary: "A file or folder as a tar",
  description: "Names in it begin with the path's last part.",
  tags,
  security: secured,
  request: { params: instanceParams, query: pathQuery },
  responses: { 200: { description: "The tar.", content: { [TAR]: { schema: binary } } }, ...problems(404, 406, 409, 422) },
});

const upload = createRoute({
  method: "put",
  path: PATH,
  operationId: "putArchive",
  summary: "Unpack a tar into a folder",
  description: "Plain, gzip or zstd (windows of at most 8 MiB). The folder must be there; owners and modes are the tar's.",
  tags,
  security: secured,
  request: {
    params: instanceParams,
    query: pathQuery,
    body: { required: true, content: Object.fromEntries(ARCHIVE_TYPES.map((type) => [type, { schema: binary }])) },
  },
  responses: { 204: { description: "It is unpacked." }, ...problems(404, 409, 413, 415, 422) },
});

export const archiveRoutes = () =>
  newRouter()
    .openapi(download, async (c) => {
      negotiate(c.req.header("accept"), [TAR]);
      const tar = await c.get("door").apply({ kind: "get-archive", instance: c.req.valid("param").id, path: c.req.valid("query").path });
      c.header("Content-Disposition", "attachment");
      return answerStream(c, TAR, tar, () => tar.destroy());
    })
    .openapi(upload, async (c) => {
      const type = essenceOf(c.req.header("content-type"));
      if (type !== undefined && !ARCHIVE_TYPES.some((known) => known === type))
        throw new WardianError("unsupported-media-type", `send the archive as one of ${ARCHIVE_TYPES.join(", ")}`);
      const { path } = c.req.valid("query");
      await c.get("door").apply({ kind: "put-archive", instance: c.req.valid("param").id, path, tar: requestBytes(c) });
      return c.body(null, 204);
    });
