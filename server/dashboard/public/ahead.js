// Asks for what the page will want first while its program is still on its way: the two then take
// as long as the longer one. Who wants an answer takes it from here once, see src/api/ask.ts.
(() => {
  const ahead = new Map();
  globalThis.ahead = ahead;
  const ask = (path) => {
    const answer = fetch(`/api/v1${path}`, { credentials: "same-origin" });
    answer.catch(() => undefined); // said by who asks again
    ahead.set(path, answer);
    return answer;
  };
  const read = async (answer) => (await answer).clone().json();
  const askOfProject = (project, filter) => {
    const query = new URLSearchParams({ project, limit: "200" });
    if (filter) query.set("q", filter);
    ask(`/runs?${query}`);
    ask(`/wall?${new URLSearchParams({ project })}`);
  };
  const askAll = async () => {
    // First of all: the feed tells what has changed since this answer, so none may be older.
    const server = await read(ask("/server"));
    if (server.needs_token && !server.is_signed_in) return;
    const [, page, name] = location.pathname.split("/");
    if (page === "r" && /^[0-9a-f]{32}$/.test(name)) ask(`/runs/${name}`);
    ask("/projects");
    if (page === "") {
      const [latest] = (await read(ahead.get("/projects"))).projects;
      if (latest) askOfProject(latest.name);
    }
    const given = new URLSearchParams(location.search);
    // What a column is called in an order is worked out by the program.
    if (page === "p" && /^[\w.-]+$/.test(name) && !given.get("s"))
      askOfProject(name, given.get("q"));
  };
  askAll().catch(() => undefined);
})();
