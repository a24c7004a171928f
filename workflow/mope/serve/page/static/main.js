// The page: find the run behind the server, then ask both sides at once.

import { Answer } from "./answer.js";
import { byId as $, element } from "./dom.js";
import * as server from "./server.js";
import { Setup } from "./setup.js";

const PATTERNS = 10; // of page.css
const pause = milliseconds => new Promise(done => setTimeout(done, milliseconds));
let running = new AbortController();
let finished = Promise.resolve(); // once both sides have come to an end

async function reached() {
  const unreachable = [...$("notice").childNodes];
  for (;;) {
    try {
      return await server.run();
    } catch (error) {
      if (error.status) $("notice").textContent = `${error.message} …`;
      else $("notice").replaceChildren(...unreachable);
    }
    await pause(1000);
  }
}

function build(facts) {
  const preferences = facts.dimensions.flatMap(dimension => dimension.preferences);
  facts.style = Object.fromEntries(preferences.map(({ id }, place) => [id, `e${place % PATTERNS}`]));
  facts.names = Object.fromEntries(preferences.map(({ id, name }) => [id, name]));
  $("run").textContent = facts.run;
  $("temperature").value = facts.defaults.temperature;
  $("max_tokens").value = facts.defaults.max_tokens;
  $("max_tokens").max = facts.defaults.positions;
  $("seed").value = facts.defaults.seed;
  $("instruction").value = facts.examples[0] ?? "";
  $("examples").append(...facts.examples.map(text => {
    const button = element("button", { type: "button" }, text);
    button.addEventListener("click", () => ($("instruction").value = text));
    return button;
  }));
  const sides = ["A", "B"].map((name, place) => ({ setup: new Setup(name, facts, place), answer: new Answer(name, facts) }));
  sides[1].setup.follow(sides[0].setup);
  $("setups").append(...sides.map(({ setup }) => setup.element));
  $("answers").append(...sides.map(({ answer }) => answer.element));
  return sides;
}

async function ask({ setup, answer }, common, signal) {
  answer.begin(setup.title(), setup.model.mixes);
  let reason = null;
  try {
    for await (const choice of server.answer({ ...setup.question(), ...common }, signal)) {
      answer.add(choice);
      reason = choice.finish_reason;
    }
    answer.end(reason);
  } catch (error) {
    if (signal.aborted) answer.end("stopped");
    else answer.fail(error.message);
  }
}

async function askBoth(sides) {
  running.abort();
  const own = (running = new AbortController());
  await finished;
  if (own.signal.aborted) return; // asked again meanwhile
  const common = { messages: [{ role: "user", content: $("instruction").value }] };
  for (const field of ["temperature", "max_tokens", "seed"]) common[field] = Number($(field).value);
  $("answers").hidden = false;
  $("stop").disabled = false;
  $("answers").scrollIntoView({ block: "nearest" });
  await (finished = Promise.all(sides.map(side => ask(side, common, own.signal))));
  if (running === own) $("stop").disabled = true;
}

const sides = build(await reached());
$("notice").hidden = true;
for (const id of ["about", "ask"]) $(id).hidden = false;
$("instruction").focus();
$("instruction").select();
$("ask").addEventListener("submit", event => {
  event.preventDefault();
  askBoth(sides);
});
// The browser says nothing of a field that a closed part hides.
$("ask").addEventListener("invalid", event => event.target.closest("details")?.setAttribute("open", ""), true);
$("instruction").addEventListener("keydown", event => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $("ask").requestSubmit();
});
$("stop").addEventListener("click", () => running.abort());
document.addEventListener("keydown", event => {
  if (event.key === "Escape") running.abort();
});
