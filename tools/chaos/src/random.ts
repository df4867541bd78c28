/** Numbers that a seed decides. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** Another sequence, decided by this seed and a number: what one part draws does not change what another does. */
  static of(seed: number, part: number): Random {
    const random = new Random(Math.imul(seed, 2_654_435_761) ^ Math.imul(part + 1, 40_503));
    random.next();
    return random;
  }

  /** From 0 up to 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** An integer from 0 up to `limit`, without it. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  between(lowest: number, highest: number): number {
    return lowest + this.next() * (highest - lowest);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(values: readonly [T, ...T[]]): T {
    return values[this.below(values.length)] ?? values[0];
  }

  bytes(length: number): Uint8Array {
    const words = new Uint32Array(Math.ceil(length / 4));
    for (let at = 0; at < words.length; at += 1) words[at] = this.below(2 ** 32);
    return new Uint8Array(words.buffer, 0, length);
  }
}

/** Draws keys as often as their weights say, on average. Made once: a load draws a million times. */
export class Weights<Key extends string> {
  readonly #keys: readonly Key[];
  /** What the weights come to, up to each key. */
  readonly #sums: readonly number[];

  constructor(weights: Readonly<Record<Key, number>>) {
    this.#keys = Object.keys(weights) as Key[];
    let sum = 0;
    this.#sums = this.#keys.map((key) => (sum += weights[key]));
  }

  draw(random: Random): Key {
    const drawn = random.next() * this.#sums[this.#sums.length - 1]!;
    return this.#keys[this.#sums.findIndex((sum) => drawn < sum)]!;
  }
}

/** Draws keys like cards: each as often as its number says within every round, so that a short run sees them all. */
export class Deck<Key extends string> {
  readonly #numbers: Readonly<Record<Key, number>>;
  #cards: Key[] = [];

  constructor(numbers: Readonly<Record<Key, number>>) {
    this.#numbers = numbers;
  }

  draw(random: Random): Key {
    if (this.#cards.length === 0) {
      const numbers = Object.entries<number>(this.#numbers) as [Key, number][];
      this.#cards = numbers.flatMap(([key, number]) => Array<Key>(number).fill(key));
    }
    return this.#cards.splice(random.below(this.#cards.length), 1)[0]!;
  }
}
