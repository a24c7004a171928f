// One side's method and preferences: what is chosen, and the controls to choose it.

import { copy, element } from "./dom.js";

export class Setup {
  // `facts` of the run; `pole` is the place of the preference that each dimension begins with.
  constructor(name, facts, pole) {
    this.facts = facts;
    this.element = copy("setup-template");
    this.element.querySelector("h2").textContent = name;
    this.method = this.element.querySelector("select");
    this.method.append(...facts.models.map(model => new Option(model.title, model.id)));
    if (facts.models.some(model => model.id === "mope")) this.method.value = "mope";
    this.same = this.element.querySelector(".same input");
    this.note = this.element.querySelector(".note");
    this.dimensions = facts.dimensions.map((dimension, place) => this.controls(name, dimension, place, pole));
    this.element.querySelector(".dimensions").append(...this.dimensions.map(({ fields }) => fields));
    this.element.addEventListener("input", () => this.show());
    this.show();
  }

  // Take the preferences of another setup whenever the box is ticked.
  follow(other) {
    this.other = other;
    other.element.addEventListener("input", () => this.show());
    this.show();
  }

  get model() { return this.facts.models.find(model => model.id === this.method.value); }

  // The fields of a question.
  question() {
    const model = this.model.id;
    if (!this.model.preferences) return { model };
    const weight = ({ range }) => (this.model.weights ? Number(range.value) : 1);
    return { model, preferences: Object.fromEntries(this.dimensions.map(d => [chosen(d), weight(d)])) };
  }

  // What was asked for, in words: the method, its preferences, their weights where they differ.
  title() {
    const { title, preferences, weights } = this.model;
    if (!preferences) return title;
    const names = this.dimensions.map(dimension => this.facts.names[chosen(dimension)]);
    const told = this.unequal && weights ? names.map((name, place) => `${name} ${this.dimensions[place].output.textContent}`) : names;
    return `${title}, ${told.join(", ")}`;
  }

  get unequal() { return new Set(this.dimensions.map(({ range }) => range.value)).size > 1; }

  controls(side, { name, preferences }, place, pole) {
    const fields = copy("dimension-template");
    fields.querySelector("legend").textContent = name;
    fields.querySelector(".weight span").textContent = `Weight of ${name}`;
    const radios = preferences.map(({ id, name: label, text }, number) => {
      const checked = number === Math.min(pole, preferences.length - 1);
      const radio = element("input", { type: "radio", name: `${side}-${place}`, value: id, checked });
      const word = element("span", { className: `lined ${this.facts.style[id]}` }, label);
      fields.querySelector(".poles").append(element("label", { title: text, className: this.facts.style[id] }, radio, word));
      return radio;
    });
    return { fields, radios, range: fields.querySelector("[type=range]"), output: fields.querySelector("output") };
  }

  show() {
    const { preferences, weights, multiplied } = this.model;
    const possible = Boolean(this.other?.model.preferences && preferences);
    const following = possible && this.same.checked;
    this.same.closest(".same").hidden = !possible;
    if (following) this.dimensions.forEach((own, place) => {
      const theirs = this.other.dimensions[place];
      own.radios.forEach((radio, number) => (radio.checked = theirs.radios[number].checked));
      own.range.value = theirs.range.value;
    });
    const sum = this.dimensions.reduce((total, { range }) => total + Number(range.value), 0);
    for (const { fields, range, output } of this.dimensions) {
      fields.hidden = !preferences;
      fields.disabled = following;
      range.parentElement.hidden = !weights;
      output.textContent = sum ? `${Math.round((100 * range.value) / sum)} %` : "–";
      range.setAttribute("aria-valuetext", output.textContent);
    }
    this.note.textContent = !preferences ? "Takes no preferences."
      : !weights ? "Takes preferences of equal weight only."
      : !sum ? "At least one weight above 0 is needed."
      : multiplied && this.unequal ? "The controller was trained with equal weights; these multiply its α." : "";
  }
}

const chosen = ({ radios }) => radios.find(radio => radio.checked).value;
