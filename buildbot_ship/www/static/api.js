// Questions to the master, orders to its force schedulers, and news of its builds.

const QUIET_MS = 300;

async function read(response) {
  const value = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new Error(value.error || `the master answers ${response.status}`);
  }
  return value;
}

export async function ask(question, options = {}) {
  const query = new URLSearchParams(options);
  return read(await fetch(`plugins/ship/api/${question}?${query}`));
}

function reasonOf(error) {
  if (typeof error !== "object" || error === null) {
    return String(error);
  }
  return Object.entries(error).map(([field, why]) => `${field}: ${why}`).join("; ");
}

// A login of a moment ago counts, so ask the master and not the page.
async function roleRemedy() {
  const { user } = await fetch("config").then((answer) => answer.json()).catch(() => ({}));
  return user && !user.anonymous ? "ask who runs the master for this role" : "log in first";
}

// Force a build as Buildbot's own form does, with the same authorisation.
export async function force(action, parameters) {
  const params = { ...parameters, builderid: String(action.builderid) };
  const response = await fetch(`api/v2/forceschedulers/${action.scheduler}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "force", params }),
  });
  const answer = await response.json().catch(() => ({}));
  if (answer.error) {
    const why = reasonOf(answer.error.message);
    throw new Error(/role/.test(why) ? `${why}: ${await roleRemedy()}` : why);
  }
  if (!response.ok) {
    throw new Error(`the master answers ${response.status}`);
  }
}

// Call `changed` after news of builds and their steps, but not for each of many at once.
export function listen(changed) {
  let timer = null;
  const soon = () => {
    timer ??= setTimeout(() => {
      timer = null;
      changed();
    }, QUIET_MS);
  };
  const sources = ["builds/*/*", "steps/*/*"].map((path) => {
    const source = new EventSource(`sse/listen/${path}`);
    source.addEventListener("event", soon);
    return source;
  });
  return () => {
    clearTimeout(timer);
    sources.forEach((source) => source.close());
  };
}
