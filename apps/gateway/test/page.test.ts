// The page in a real browser, on a real gateway with real Python.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Locator, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGateway, type Gateway } from '../src/gateway.js';
import type { LiveWorker } from '../src/live/messages.js';
import type { GatewayOptions } from '../src/options.js';
import { PAGE_FOLDER, SAMPLE_MODULE } from '../src/paths.js';
import { findChromium, launchChromium } from './chromium.js';

/** A browser and Python on a machine that has other things to do. */
const SLOW_MS = 120_000;

const executable = findChromium();
const why = executable === undefined ? ' (not here: there is no Chromium; PYPOOL_CHROMIUM may name one)' : '';

describe.skipIf(executable === undefined)(`the page${why}`, { timeout: SLOW_MS }, () => {
  let browser: Browser;

  beforeAll(async () => {
    // `npm test` has built it; a test that is run by itself builds what is missing.
    const root = fileURLToPath(new URL('../page', import.meta.url));
    if (!existsSync(`${PAGE_FOLDER}/index.html`)) await build({ root, configFile: `${root}/vite.config.ts` });
    browser = await launchChromium(executable!);
  }, SLOW_MS);

  afterAll(() => browser?.close());

  /** A gateway of the sample and the page of it. */
  async function open(options: Partial<GatewayOptions> = {}): Promise<Opened> {
    const gateway = await createGateway({ module: SAMPLE_MODULE, size: 2, ...options });
    const context = await browser.newContext();
    context.setDefaultTimeout(SLOW_MS / 2);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    // What the content security policy forbids is told here.
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        complaints.push(message.text());
    });
    await page.goto(gateway.url);
    const close = async (): Promise<void> => {
      await context.close();
      await gateway.close();
    };
    return { gateway, page, complaints, [Symbol.asyncDispose]: close };
  }

  it('shows a worker that is killed die, and another take its place', async () => {
    await using opened = await open();
    const { page, gateway, complaints } = opened;
    await page.locator('tr.ready').nth(1).waitFor();
    const before = await workersOf(gateway);
    const victim = before[0]!;
    const row = page.getByRole('row', { name: `pid ${victim.pid}` });
    expect(await row.getByRole('cell').first().textContent()).toMatch(/^ready/);

    process.kill(victim.pid!, 'SIGKILL');
    // In its own row, or in that of the one that has taken its slot.
    await page.getByText('died (SIGKILL)').first().waitFor();
    const news = `Worker ${victim.id} died (SIGKILL). 2 workers are ready.`;
    await page.getByRole('status').filter({ hasText: news }).waitFor();
    expect(await figure(page, 'Workers ready').textContent()).toBe('2 of 2');
    const ready = await page
      .locator('tr.ready')
      .evaluateAll((rows) => rows.map((each) => each.getAttribute('data-pid')));
    expect(ready).toHaveLength(2);
    expect(ready).not.toContain(String(victim.pid));
    expect(complaints).toEqual([]);
  });

  it('calls a function through its form, by name and in a session, and says what is wrong with which field', async () => {
    await using opened = await open();
    const { page, complaints } = opened;
    await choose(page, 'describe');
    await page.getByLabel('values').fill('one, two');
    await page.getByRole('button', { name: 'Call' }).click();
    await page.getByText('This is not JSON.').waitFor();
    await page.getByLabel('values').fill('[1, 2, "3"]');
    await page.keyboard.press('Enter');
    await page.getByText('[2] must be number').waitFor();
    await page.getByLabel('values').fill('[1, 2, 6]');
    await page.getByLabel('digits').fill('1');
    await page.keyboard.press('Enter');
    const result = page.getByLabel('Result');
    await result.waitFor();
    expect(JSON.parse((await result.textContent())!)).toEqual({ mean: 3, median: 2, stdev: 2.6 });

    await choose(page, 'whoami');
    await page.getByText('Session and timeout').click();
    await page.getByLabel('Session', { exact: true }).fill('..');
    await page.getByRole('button', { name: 'Call' }).click();
    await page.getByText('A session is not called').waitFor();
    await page.getByLabel('Session', { exact: true }).fill('user-42');
    await page.getByRole('button', { name: 'Call' }).click();
    await page.getByLabel('Result').getByText('"user-42"').waitFor();
    // Whoever calls by keyboard goes on from where they are.
    expect(await page.locator(':focus').textContent()).toBe('Call');
    const chart = page.getByRole('slider', { name: 'Calls a second' });
    await chart.press('ArrowLeft');
    await expect.poll(() => chart.getAttribute('aria-valuetext')).toMatch(/^\d\d:\d\d:\d\d: ended \d/);
    await chart.press('Escape');
    await expect.poll(() => chart.getAttribute('aria-valuetext')).toMatch(/^now: ended \d/);
    await page
      .getByRole('region', { name: 'Sessions', exact: true })
      .getByRole('rowheader', { name: 'user-42' })
      .waitFor();
    expect(complaints).toEqual([]);
  });

  it('shows integers beyond 2^53 in full, and sends none that would be rounded', async () => {
    const module = fileURLToPath(new URL('./fixtures/served.py', import.meta.url));
    await using opened = await open({ module, size: 1 });
    const { page, gateway, complaints } = opened;
    await choose(page, 'exact');
    await page.getByRole('button', { name: 'Call' }).click();
    await page.getByLabel('Result').getByText('"integer": 1152921504606846977,').waitFor();
    await choose(page, 'echo');
    await page.getByLabel('value').fill('[1152921504606846977]');
    await page.keyboard.press('Enter');
    await page.getByText('would arrive rounded').waitFor();
    expect(gateway.pool.stats().calls.submitted).toBe(1);
    expect(complaints).toEqual([]);
  });

  it('shows a stream item by item, and cancels it in Python when it is stopped', async () => {
    await using opened = await open();
    const { page, gateway, complaints } = opened;
    await choose(page, 'count');
    await page.getByLabel('to needed').fill('1000000');
    await page.getByLabel('pause_seconds').fill('0.02');
    await page.getByRole('button', { name: 'Start the stream' }).click();
    const items = page.getByRole('region', { name: 'Items, newest last' });
    await items.getByText('3', { exact: true }).waitFor();
    await page.locator('tr', { hasText: 'count' }).getByText('stream').waitFor();

    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('status').filter({ hasText: 'count stopped' }).waitFor();
    await page.locator('tr.ready', { hasText: 'idle' }).nth(1).waitFor();
    expect(gateway.pool.status().running).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('shows what Python raised, with its traceback, and what it logged before, by level and by text', async () => {
    await using opened = await open();
    const { page, complaints } = opened;
    await choose(page, 'complain');
    await page.getByLabel('message').fill('the moon is full');
    await page.getByRole('button', { name: 'Call' }).click();
    await page.locator('.problem-view').getByText('raise ValueError(message)').waitFor();

    const failure = page.getByRole('region', { name: 'Recent errors' }).getByRole('listitem');
    expect(await failure.count()).toBe(1);
    const traceback = failure.getByLabel('Python traceback');
    expect(await traceback.isVisible()).toBe(false);
    await failure.getByText('python-error').click();
    expect(await traceback.textContent()).toContain('raise ValueError(message)');

    const lines = page.getByRole('region', { name: 'Log lines, newest last' }).getByRole('listitem');
    await lines.getByText('about to fail').waitFor();
    await page.getByLabel('Level').selectOption('warning');
    expect(await lines.allTextContents()).toEqual([expect.stringContaining('the moon is full')]);
    await page.getByLabel('Containing').fill('sun');
    expect(await lines.count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('shows which calls wait, and for how long', async () => {
    await using opened = await open({ size: 1 });
    const { page, gateway, complaints } = opened;
    await page.locator('tr.ready').waitFor();
    const gone = new AbortController();
    const call = (name: string, args: unknown[]) => {
      const body = JSON.stringify(args);
      const init = {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        signal: gone.signal,
      };
      return fetch(`${gateway.url}/call/${name}`, init);
    };
    const held = call('work', [3600]);
    await page.locator('tr.ready', { hasText: 'work' }).waitFor();
    const waits = call('greet', ['Ada']);
    const waiting = page.getByRole('region', { name: 'Waiting', exact: true });
    const row = waiting.getByRole('row', { name: 'greet' });
    await row.getByText('all 1 workers are busy').waitFor();
    await row.locator('.elapsed', { hasText: /^\d.* s$/ }).waitFor();
    gone.abort();
    await Promise.allSettled([held, waits]);
    await waiting.getByText('No call waits.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('resizes and reloads the pool after a question, and says what came of it', async () => {
    await using opened = await open();
    const { page, gateway, complaints } = opened;
    await page.locator('tr.ready').nth(1).waitFor();
    await page.getByRole('button', { name: 'Resize …' }).click();
    const question = page.getByRole('dialog');
    await question.getByLabel('Workers').fill('3');
    await page.keyboard.press('Escape');
    expect(gateway.pool.status().size).toBe(2);
    await page.getByRole('button', { name: 'Resize …' }).click();
    await question.getByLabel('Workers').fill('3');
    await page.keyboard.press('Enter');
    await page.getByRole('status').filter({ hasText: 'Resized to 3' }).waitFor();
    await page.locator('tr.ready').nth(2).waitFor();

    const before = (await workersOf(gateway)).map(({ id }) => id);
    await page.getByRole('button', { name: 'Reload …' }).click();
    await question.getByRole('button', { name: 'Reload' }).click();
    await page.getByRole('status').filter({ hasText: 'All workers are replaced' }).waitFor();
    for (const id of before) await page.locator(`tr[data-worker="${id}"]`).waitFor({ state: 'detached' });
    await page.locator('tr.ready').nth(2).waitFor();
    expect(complaints).toEqual([]);
  });

  it('says that the connection is lost, and goes on by itself when the server is there again', async () => {
    await using first = await open();
    const { page, gateway } = first;
    await page.getByText('live', { exact: true }).waitFor();
    await gateway.close();
    await page.getByRole('status').filter({ hasText: 'Connection lost, trying again.' }).waitFor();
    await using _second = await createGateway({
      module: SAMPLE_MODULE,
      size: 1,
      port: Number(new URL(gateway.url).port),
    });
    await page.getByText('live', { exact: true }).waitFor();
    await figure(page, 'Workers ready').getByText('1 of 1').waitFor();
    expect(await page.getByText('Connection lost').isVisible()).toBe(false);
  });

  it('asks for the token that the server wants, and for another one if it was wrong', async () => {
    await using opened = await open({ token: 'open sesame'.replace(' ', '-') });
    const { page } = opened;
    await page.getByLabel('The server wants a bearer token.').fill('sesame');
    await page.getByRole('button', { name: 'Connect' }).click();
    await page.getByLabel('The server takes another token').fill('open-sesame');
    await page.getByRole('button', { name: 'Connect' }).click();
    await page.locator('tr.ready').nth(1).waitFor();
    await choose(page, 'add');
    await page.getByLabel('a needed').fill('1');
    await page.getByLabel('b needed').fill('2');
    await page.keyboard.press('Enter');
    await page.getByLabel('Result').getByText('3').waitFor();
  });
});

interface Opened extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly page: Page;
  /** Errors of the page and of the browser about it. */
  readonly complaints: readonly string[];
}

/** What the feed says of the workers at first. */
async function workersOf({ url }: Gateway): Promise<readonly LiveWorker[]> {
  const feed = await fetch(`${url}/live`);
  let text = '';
  for await (const piece of feed.body!.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const found = /^event: workers\ndata: (?<workers>.*)\n/m.exec(text)?.groups?.['workers'];
    if (found !== undefined) return JSON.parse(found) as LiveWorker[];
  }
  throw new Error('the feed told of no workers');
}

function figure(page: Page, name: string): Locator {
  return page.locator('.figure', { hasText: name }).getByRole('definition');
}

async function choose(page: Page, name: string): Promise<void> {
  await page.getByLabel('Function', { exact: true }).selectOption(name);
}
