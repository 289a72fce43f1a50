// The named volumes of containers. May depend on engine/ and the API's own files.
import { createRoute } from "@hono/zod-openapi";
import { newRouter } from "../api-env.js";
import { withoutQuery } from "../parameters.js";
import { json, problems, secured } from "../responses.js";
import { volumesView } from "../schemas.js";

const list = createRoute({
  method: "get",
  path: "/v1/volumes",
  operationId: "listVolumes",
  summary: "Named volumes, and who uses them",
  description:
    "Those that instances of the caller's namespace name, by namespace and name: at most 64 an owner. A volume is made by the first start of " +
    "an instance that names it and gone with the last such instance; there is no request that removes one.",
  tags: ["volumes"],
  security: secured,
  middleware: withoutQuery,
  responses: { 200: json("All of them.", volumesView), ...problems() },
});

export const volumeRoutes = () =>
  newRouter().openapi(list, async (c) => c.json({ volumes: [...(await c.get("door").apply({ kind: "list-volumes" }))] }, 200));
