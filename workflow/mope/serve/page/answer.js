// One side's answer: its tokens as they come, and the weights of the token in question or their means.

const copy = id => document.getElementById(id).content.firstElementChild.cloneNode(true);
const ENDS = { stop: "ended by itself", length: "cut at the limit" };

export class Answer {
  constructor(name, facts) {
    this.name = name;
    this.facts = facts;
    this.element = copy("answer-template");
    for (const part of ["h2", "status", "text", "weights", "token-name", "tbody", "note"])
      this[part] = this.element.querySelector(part === "h2" || part === "tbody" ? part : `.${part}`);
    this.note = [...this.element.children].at(-1);
    this.text.setAttribute("aria-label", `Answer ${name}`);
    this.text.addEventListener("pointerover", event => this.look(event.target.closest(".token")));
    this.text.addEventListener("pointerleave", () => this.look(this.focused()));
    this.text.addEventListener("focusin", event => this.look(event.target.closest(".token")));
    this.text.addEventListener("focusout", () => this.look(null));
    this.text.addEventListener("keydown", event => this.move(event));
  }

  begin(title) {
    this.h2.textContent = `${this.name}: ${title}`;
    this.pieces = [];
    this.began = performance.now();
    this.text.replaceChildren();
    this.weights.hidden = true;
    this.note.textContent = "";
    this.say("waiting for the first token …");
  }

  add({ mope: [piece] }) {
    const number = this.pieces.push(piece) - 1;
    if (number === 0) this.prepare(piece);
    if (piece.text) this.text.append(this.token(piece, number));
    this.say(`${number + 1} tokens …`);
    if (!this.shown) this.look(null);
  }

  end(reason) {
    const seconds = (performance.now() - this.began) / 1000;
    this.say(`${this.pieces.length} tokens in ${seconds.toFixed(1)} s, ${ENDS[reason] ?? reason}`);
  }

  fail(message) {
    this.say(message, true);
  }

  say(text, failed = false) {
    this.status.textContent = text;
    this.status.classList.toggle("failed", failed);
  }

  token(piece, number) {
    const token = Object.assign(document.createElement("span"), { className: "token", textContent: piece.text });
    token.dataset.number = number;
    token.tabIndex = this.text.firstChild ? -1 : 0;
    if (piece.carrier) {
      token.classList.add("lined", this.facts.style[piece.carrier]);
      token.style.setProperty("--share", piece.shares[piece.carrier]);
    }
    return token;
  }

  // The table of a row that mixes experts, or why there is none.
  prepare({ alphas, shares }) {
    this.weights.hidden = !alphas;
    if (!alphas) this.note.textContent = "No weights to show: one model answers, or powers of either sign.";
    else if (!shares) this.note.textContent = "This method multiplies probabilities: no expert carries a token alone.";
    this.rows = Object.keys(alphas ?? {}).map(id => {
      const row = copy("weights-template");
      row.className = this.facts.style[id] ?? "";
      const word = row.querySelector("th span");
      word.textContent = this.facts.names[id] ?? id;
      if (shares) word.classList.add("lined", this.facts.style[id]);
      return { id, bars: row.querySelectorAll("i"), numbers: row.querySelectorAll(".number"), row };
    });
    this.tbody.replaceChildren(...this.rows.map(({ row }) => row));
  }

  // Show the weights of a token, or the means of the answer so far.
  look(token) {
    this.shown?.classList.remove("shown");
    this.shown = token;
    token?.classList.add("shown");
    if (this.weights.hidden) return;
    const pieces = token ? [this.pieces[token.dataset.number]] : this.pieces;
    const name = this["token-name"];
    if (token) name.replaceChildren(`Token ${Number(token.dataset.number) + 1}: `, quoted(pieces[0].text), carried(pieces[0], this.facts));
    else name.textContent = `Mean of ${pieces.length} tokens`;
    for (const { id, bars, numbers } of this.rows)
      ["alphas", "shares"].forEach((kind, place) => {
        const known = pieces.every(piece => piece[kind]);
        const mean = known ? pieces.reduce((sum, piece) => sum + piece[kind][id], 0) / pieces.length : 0;
        bars[place].style.setProperty("--value", Math.min(mean, 1));
        bars[place].parentElement.hidden = !known;
        numbers[place].textContent = known ? mean.toFixed(2) : "–";
      });
  }

  focused() {
    return document.activeElement?.closest(".token") && this.text.contains(document.activeElement) ? document.activeElement : null;
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

const quoted = text => Object.assign(document.createElement("code"), { textContent: text.replaceAll("\n", "⏎") });
const carried = ({ carrier }, { names }) => (carrier ? ` carried by ${names[carrier]}` : "");
