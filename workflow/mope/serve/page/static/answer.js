// One side's answer: its tokens as they come, and the weights of the token in question or their means.

import { copy, element } from "./dom.js";

const ENDS = { stop: "ended by itself", length: "cut at the limit" };

export class Answer {
  constructor(name, facts) {
    this.name = name;
    this.facts = facts;
    this.element = copy("answer-template");
    const part = selector => this.element.querySelector(selector);
    this.head = part("h2");
    this.status = part(".status");
    this.text = part(".text");
    this.weights = part(".weights");
    this.named = part(".token-name");
    this.table = part("tbody");
    this.note = part(".note");
    this.text.setAttribute("aria-label", `Answer ${name}`);
    this.text.addEventListener("pointerover", event => this.look(event.target.closest(".token") ?? this.focused()));
    this.text.addEventListener("pointerleave", () => this.look(this.focused()));
    this.text.addEventListener("focusin", event => this.look(event.target.closest(".token")));
    this.text.addEventListener("focusout", () => this.look(null));
    this.text.addEventListener("keydown", event => this.move(event));
  }

  // `title` says what was asked for, and `mixes` whether the model mixes experts.
  begin(title, mixes) {
    this.head.textContent = `${this.name}: ${title}`;
    this.mixes = mixes;
    this.pieces = [];
    this.shown = null;
    this.began = performance.now();
    this.text.replaceChildren();
    this.weights.hidden = true;
    this.note.textContent = "";
    tell(this.status, false, "waiting for the first token …");
    this.status.classList.remove("failed");
  }

  add({ mope: [piece] }) {
    const number = this.pieces.push(piece) - 1;
    if (number === 0) this.prepare(piece);
    if (piece.text) this.text.append(this.token(piece, number));
    tell(this.status, false, `${number + 1} tokens …`);
    if (!this.shown) this.look(null);
  }

  end(reason) {
    const seconds = (performance.now() - this.began) / 1000;
    tell(this.status, true, `${this.pieces.length} tokens in ${seconds.toFixed(1)} s, ${ENDS[reason] ?? reason}`);
  }

  fail(message) {
    tell(this.status, true, message);
    this.status.classList.add("failed");
  }

  token(piece, number) {
    const token = element("span", { className: "token", tabIndex: this.text.firstChild ? -1 : 0 }, piece.text);
    token.dataset.number = number;
    if (piece.carrier) {
      token.classList.add("lined", this.facts.style[piece.carrier]);
      token.style.setProperty("--share", piece.shares[piece.carrier]);
    }
    return token;
  }

  // The table of a row that mixes experts, or why there is none.
  prepare({ alphas, shares }) {
    this.weights.hidden = !alphas;
    if (!alphas && !this.mixes) this.note.textContent = "One model answers: there are no weights to show.";
    else if (!shares) this.note.textContent = "No expert carries a token: this method does not add the experts' own probabilities.";
    this.rows = Object.keys(alphas ?? {}).map(id => {
      const row = copy("weights-template");
      row.className = this.facts.style[id] ?? "";
      const word = row.querySelector("th span");
      word.textContent = this.facts.names[id] ?? id;
      if (shares) word.classList.add("lined", this.facts.style[id]);
      return { id, bars: row.querySelectorAll("i"), numbers: row.querySelectorAll(".number"), row };
    });
    this.table.replaceChildren(...this.rows.map(({ row }) => row));
  }

  // Show the weights of a token, or the means of the answer so far.
  look(token) {
    this.shown?.classList.remove("shown");
    this.shown = token;
    token?.classList.add("shown");
    if (this.weights.hidden) return;
    const pieces = token ? [this.pieces[token.dataset.number]] : this.pieces;
    if (token) tell(this.named, true, `Token ${Number(token.dataset.number) + 1}: `, ...this.inWords(pieces[0]));
    else tell(this.named, false, `Mean of ${pieces.length} tokens`);
    for (const { id, bars, numbers } of this.rows)
      ["alphas", "shares"].forEach((kind, place) => {
        const known = pieces.every(piece => piece[kind]);
        const mean = known ? pieces.reduce((sum, piece) => sum + piece[kind][id], 0) / pieces.length : 0;
        bars[place].style.setProperty("--value", Math.min(mean, 1));
        bars[place].parentElement.hidden = !known;
        numbers[place].textContent = known ? mean.toFixed(2) : "–";
      });
  }

  inWords({ text, carrier }) {
    const quoted = element("code", {}, text.replaceAll("\n", "⏎"));
    return carrier ? [quoted, ` carried by ${this.facts.names[carrier]}`] : [quoted];
  }

  focused() {
    return this.text.querySelector(".token:focus");
  }

  move(event) {
    const now = this.focused();
    const next = now && { ArrowRight: now.nextElementSibling, ArrowLeft: now.previousElementSibling,
      Home: this.text.firstElementChild, End: this.text.lastElementChild }[event.key];
    if (!next) return;
    event.preventDefault();
    now.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
}

// Write into an element; `aloud`: screen readers say it.
function tell(where, aloud, ...content) {
  where.setAttribute("aria-live", aloud ? "polite" : "off");
  where.replaceChildren(...content);
}
