import { createHash } from 'node:crypto';
import { relative } from 'node:path';
import { BaseSequencer } from 'vitest/node';
import type { TestSpecification } from 'vitest/node';

/**
 * Files in random order, those of a part one after another: Vitest starts a process anew, which takes a second, wherever the next file is of
 * another part. Parts of `tools` and `apps` come first, for a long file that is begun last is waited for alone.
 */
export class PartSequencer extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placed = files.map((file) => ({ file, place: this.#place(file) }));
    placed.sort((one, other) => one.place.localeCompare(other.place, 'en'));
    return Promise.resolve(placed.map(({ file }) => file));
  }

  #place({ project, moduleId }: TestSpecification): string {
    const part = relative(this.ctx.config.root, project.config.root);
    return [part.startsWith('packages') ? '1' : '0', this.#random(part), this.#random(moduleId)].join(' ');
  }

  /** The same for one seed, whatever other files there are. */
  #random(path: string): string {
    return createHash('sha256').update(`${this.ctx.config.sequence.seed} ${path}`).digest('hex');
  }
}
