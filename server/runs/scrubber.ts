/** stub */
import type { LogLine } from '../store/contracts.ts';
export class Scrubber {
  register(_secret: unknown): void {}
  scrubText(text: string, _options?: { cut: boolean }): string {
    return text;
  }
  scrubValue(value: unknown): unknown {
    return value;
  }
  scrubLines(lines: LogLine[], _options?: { cut: boolean }): LogLine[] {
    return lines;
  }
}
