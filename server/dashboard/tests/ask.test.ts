import { afterEach, expect, it, vi } from "vitest";

const answer = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });

/** Return `get` of a page for which *asked* was asked for before its program was there. */
async function pageWith(asked: [string, Promise<Response>][]) {
  vi.resetModules();
  vi.stubGlobal("ahead", new Map(asked));
  const fetched = vi.fn((_path: string) => Promise.resolve(answer("fetched")));
  vi.stubGlobal("fetch", fetched);
  const { get } = await import("../src/api/ask");
  return { get, fetched };
}

afterEach(() => void vi.unstubAllGlobals());

it("takes an answer that was asked for ahead, once", async () => {
  const { get, fetched } = await pageWith([["/server", Promise.resolve(answer("ahead"))]]);

  expect(await get("/server")).toBe("ahead");
  expect(await get("/server")).toBe("fetched");
  expect(await get("/projects")).toBe("fetched");
  expect(fetched.mock.calls.map(([path]) => path)).toEqual(["/api/v1/server", "/api/v1/projects"]);
});

it("asks again where it was refused, or nobody answered", async () => {
  const lost = Promise.reject<Response>(new TypeError("failed to fetch"));
  lost.catch(() => undefined);
  const { get } = await pageWith([
    ["/server", Promise.resolve(answer("busy", 503))],
    ["/projects", lost],
  ]);

  expect(await get("/server")).toBe("fetched");
  expect(await get("/projects")).toBe("fetched");
});

it("takes none of long ago: the feed has gone on since", async () => {
  vi.spyOn(performance, "now").mockReturnValue(60_000);
  const { get } = await pageWith([["/server", Promise.resolve(answer("ahead"))]]);

  expect(await get("/server")).toBe("fetched");
});
