import type { Plant } from './javascript/build.js';

/** A bug that somebody might write. */
export interface PlantedBug extends Plant {
  readonly about: string;
}

/** One at a time; each has to be found within seconds. */
export const PLANTED: readonly PlantedBug[] = [
  {
    about: 'Node checks no limit on envelopes',
    file: 'frame/decoder.ts',
    find: 'if (headBytes > this.limits.maxFrameBytes)',
    replace: 'if (headBytes > Infinity)',
  },
  {
    about: 'Node checks no limit on buffers',
    file: 'frame/decoder.ts',
    find: 'if (bufferBytes > this.limits.maxBufferBytes)',
    replace: 'if (bufferBytes > Infinity)',
  },
  {
    about: 'Node allocates what is announced',
    file: 'frame/filling.ts',
    find: 'this.bytes = allocate(capacityFor(length, 0));',
    replace: 'this.bytes = allocate(length);',
  },
  {
    about: 'Node forgets the padding where a chunk ends in it',
    file: 'frame/decoder.ts',
    find: 'if (open.padding > 0) return at;',
    replace: 'if (open.padding > 0) { open.padding = 0; return at; }',
  },
  {
    about: 'Node names malformed tags by String()',
    file: 'value/untagging.ts',
    find: "typeof name === 'string' ? name.slice(0, 40) : typeof name",
    replace: 'String(name)',
  },
  {
    about: 'Node takes text that is not UTF-8',
    file: 'frame/text.ts',
    find: "if (text.includes('\\uFFFD')) assertUtf8(bytes.subarray(start, end));",
    replace: '',
  },
  {
    about: 'Node hangs on an empty buffer',
    file: 'frame/decoder.ts',
    find: 'const body = (open.body ??=',
    replace: 'while (open.lengths[open.buffers.length] === 0);\n      const body = (open.body ??=',
  },
  {
    about: 'Node takes suggestions that are no texts',
    file: 'errors/python-error-from.ts',
    find: "return list.every((item) => typeof item === 'string') ? list : this.#refuse(name);",
    replace: 'return list as readonly string[];',
  },
  {
    about: 'Python checks no limit on buffers',
    file: 'frame_header.py',
    find: 'if buffer_bytes > limits.max_buffer_bytes:',
    replace: 'if False:',
  },
  {
    about: 'Python allocates what is announced',
    file: 'frame_reader.py',
    find: 'larger = bytearray(capacity(length, have + 1))',
    replace: 'larger = bytearray(length)',
  },
  {
    about: 'Python lets a set of arrays raise ValueError',
    file: 'value_makers.py',
    find: 'except (TypeError, ValueError) as error:  # a memoryview',
    replace: 'except TypeError as error:  # a memoryview',
  },
  {
    about: 'Python reads true as a buffer',
    file: 'value_maker.py',
    find: 'if index is True or index is False or not 0',
    replace: 'if not 0',
  },
  {
    about: 'Python loses a byte where it grows',
    file: 'frame_reader.py',
    find: 'ring[:have] = self._view[self._start : self._start + have]',
    replace: 'ring[: have - 1] = self._view[self._start : self._start + have - 1]',
  },
];
