/** The memory that a worker and the process that calls it share, for large arguments and results. */
export interface SharedMemoryUse {
  /** Of all segments that there are, in bytes. */
  readonly bytes: number;
  /** Of those of them in which an argument or a result lies: until Python's last view of it is gone, or until it has been read here. */
  readonly usedBytes: number;
}
