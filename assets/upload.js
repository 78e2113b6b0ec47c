/* Resumable uploads: slices of 16 MiB with a SHA-256 each, several files one after the other, progress, cancel, resume.
 *
 * The server tells where to go on (200 and 409 both carry the offset), so retry, resume after a cut and resume after a
 * reload are the same loop. At the end a digest over all slice digests is compared: it is made from the file at hand, so
 * a file that changed meanwhile is noticed. Nodes are built with textContent only: file names are data. */
(function () {
  'use strict';
  const SLICE = 16 * 1024 * 1024;
  const TRIES = 6;
  const HEADERS = { 'X-Holdfast': '1' };
  const finished = []; // survives leaving the page, as long as the tab lives
  const jobs = []; // {file, state, node, xhr, ...}
  let running = false;

  /* SHA-256 ------------------------------------------------------------------------------------------------------- */
  const K = new Uint32Array(64);
  (function () {
    let n = 0;
    for (let candidate = 2; n < 64; candidate += 1) {
      let prime = true;
      for (let d = 2; d * d <= candidate; d += 1) if (candidate % d === 0) { prime = false; break; }
      if (prime) { const root = Math.cbrt(candidate); K[n] = Math.floor((root - Math.floor(root)) * 4294967296); n += 1; }
    }
  })();

  /* FIPS 180-4, for pages that are not served from this machine and without https: there browsers have no WebCrypto. */
  function sha256Plain(bytes) {
    const h = new Uint32Array([0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19]);
    const w = new Uint32Array(64);
    const length = bytes.length;
    const tail = new Uint8Array(length % 64 < 56 ? 64 : 128);
    const whole = length - (length % 64);
    tail.set(bytes.subarray(whole));
    tail[length - whole] = 0x80;
    const view = new DataView(tail.buffer);
    view.setUint32(tail.length - 8, Math.floor(length / 536870912));
    view.setUint32(tail.length - 4, (length * 8) >>> 0);
    function block(data, at) {
      for (let i = 0; i < 16; i += 1, at += 4) {
        w[i] = (data[at] << 24) | (data[at + 1] << 16) | (data[at + 2] << 8) | data[at + 3];
      }
      for (let i = 16; i < 64; i += 1) {
        const a = w[i - 15], b = w[i - 2];
        const s0 = ((a >>> 7) | (a << 25)) ^ ((a >>> 18) | (a << 14)) ^ (a >>> 3);
        const s1 = ((b >>> 17) | (b << 15)) ^ ((b >>> 19) | (b << 13)) ^ (b >>> 10);
        w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
      }
      let a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], z = h[7];
      for (let i = 0; i < 64; i += 1) {
        const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        const t1 = (z + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
        const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        z = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
      }
      h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += z;
    }
    for (let at = 0; at < whole; at += 64) block(bytes, at);
    for (let at = 0; at < tail.length; at += 64) block(tail, at);
    return Array.from(h, x => x.toString(16).padStart(8, '0')).join('');
  }

  async function sha256(buffer) {
    if (window.crypto && window.crypto.subtle) {
      const digest = new Uint8Array(await window.crypto.subtle.digest('SHA-256', buffer));
      return Array.from(digest, x => x.toString(16).padStart(2, '0')).join('');
    }
    return sha256Plain(new Uint8Array(buffer));
  }

  /* Talking to the server ------------------------------------------------------------------------------------------ */
  class Refusal extends Error {} // the server said why; trying again does not help

  function refusal(text) {
    let about = {};
    try { about = JSON.parse(text); } catch (e) { about = {}; }
    return new Refusal([about.message, about.hint].filter(Boolean).join(' ') || 'The server refused the file.');
  }

  async function post(url, body) {
    const response = await fetch(url, {
      method: 'POST', headers: { ...HEADERS, 'Content-Type': 'application/json' }, body: JSON.stringify(body),
    });
    const text = await response.text();
    if (response.status === 409) return JSON.parse(text);
    if (response.status >= 400 && response.status < 500 || response.status === 507) throw refusal(text);
    if (!response.ok) throw new Error('status ' + response.status);
    return JSON.parse(text);
  }

  function put(job, offset, blob, digest) {
    return new Promise((resolve, reject) => {
      const xhr = new XMLHttpRequest();
      job.xhr = xhr;
      xhr.open('PUT', '/upload/' + job.id);
      xhr.setRequestHeader('X-Holdfast', '1');
      xhr.setRequestHeader('Upload-Offset', String(offset));
      xhr.setRequestHeader('Upload-Digest', digest);
      xhr.upload.onprogress = event => progress(job, offset + event.loaded);
      xhr.onload = () => {
        if (xhr.status === 200 || xhr.status === 409) resolve(JSON.parse(xhr.response).offset);
        else if (xhr.status === 404 || xhr.status === 401 || xhr.status === 403 || xhr.status === 507) reject(refusal(xhr.response));
        else reject(new Error('status ' + xhr.status));
      };
      xhr.onerror = () => reject(new Error('network'));
      xhr.ontimeout = () => reject(new Error('timeout'));
      xhr.onabort = () => reject(new Refusal('Cancelled.'));
      xhr.timeout = 120000;
      xhr.send(blob);
    });
  }

  async function send(job) {
    const file = job.file;
    const about = await persist(job, () => post('/upload', {
      file_name: file.name, size: file.size, fingerprint: String(file.lastModified),
    }));
    job.id = about.id;
    let offset = about.offset;
    const digests = [];
    /* the slices that are there already are read again: only then is it sure that they came from this very file */
    for (let at = 0; at < offset; at += SLICE) {
      if (job.cancelled) throw new Refusal('Cancelled.');
      digests.push(await sha256(await file.slice(at, at + SLICE).arrayBuffer()));
      progress(job, Math.min(offset, at + SLICE));
    }
    let answer = about;
    while (!answer.complete) {
      while (offset < file.size) {
        if (job.cancelled) throw new Refusal('Cancelled.');
        const at = offset;
        const buffer = await file.slice(at, at + SLICE).arrayBuffer();
        const digest = await sha256(buffer);
        digests[at / SLICE] = digest;
        offset = await persist(job, () => put(job, at, new Blob([buffer]), digest));
        progress(job, offset);
      }
      note(job, 'Checking');
      const whole = await sha256(new TextEncoder().encode(digests.join('')).buffer);
      answer = await persist(job, () => post('/upload/' + job.id + '/complete', { digest: whole }));
      if (!answer.complete) offset = answer.offset;
    }
    return answer;
  }

  async function persist(job, action) {
    for (let failures = 0; ; ) {
      try {
        const result = await action();
        if (failures) note(job, '');
        return result;
      } catch (error) {
        failures += 1;
        if (error instanceof Refusal || job.cancelled || failures >= TRIES) throw error;
        note(job, 'Connection lost, trying again');
        await new Promise(done => window.setTimeout(done, 400 * 2 ** failures));
      }
    }
  }

  /* What a person sees ---------------------------------------------------------------------------------------------- */
  function size(count) {
    const units = [[1e9, 'GB'], [1e6, 'MB'], [1e3, 'kB']];
    for (const [scale, unit] of units) if (count >= scale) return (count / scale).toFixed(1) + ' ' + unit;
    return count + ' bytes';
  }

  function say(text) {
    const status = document.getElementById('upload-status');
    if (status) status.textContent = text;
  }

  function make(tag, className, text) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text) node.textContent = text;
    return node;
  }

  function build(job) {
    const row = make('li', 'upload-row');
    const head = make('div', 'upload-head');
    head.append(make('span', 'upload-name', job.file.name));
    job.text = make('span', 'upload-text', size(job.file.size));
    head.append(job.text);
    job.bar = make('progress', 'upload-bar');
    job.bar.max = job.file.size;
    job.bar.value = 0;
    job.bar.setAttribute('aria-label', 'Upload of ' + job.file.name);
    job.button = make('button', 'btn btn-sm btn-link', 'Cancel');
    job.button.type = 'button';
    job.button.setAttribute('aria-label', 'Cancel upload of ' + job.file.name);
    job.button.addEventListener('click', () => (job.state === 'failed' ? again(job) : cancel(job)));
    row.append(head, job.bar, job.button);
    job.node = row;
  }

  function place() {
    const list = document.getElementById('upload-list');
    if (!list) return;
    for (const job of jobs) if (job.node.parentNode !== list) list.append(job.node);
  }

  function progress(job, done) {
    job.bar.value = done;
    job.text.textContent = size(Math.min(done, job.file.size)) + ' of ' + size(job.file.size);
  }

  function note(job, text) {
    job.text.textContent = text || size(job.file.size);
  }

  function remove(job) {
    const at = jobs.indexOf(job);
    if (at >= 0) jobs.splice(at, 1);
    job.node.remove();
  }

  async function cancel(job) {
    job.cancelled = true;
    if (job.xhr) job.xhr.abort();
    if (job.id) await fetch('/upload/' + job.id, { method: 'DELETE', headers: HEADERS }).catch(() => null);
    say('Upload of ' + job.file.name + ' cancelled.');
    remove(job);
  }

  function again(job) {
    job.state = 'waiting';
    job.node.classList.remove('failed');
    job.button.textContent = 'Cancel';
    work();
  }

  function failed(job, error) {
    job.state = 'failed';
    job.node.classList.add('failed');
    const text = error instanceof Refusal ? error.message : 'The connection is gone. What has arrived is kept.';
    job.text.textContent = text;
    job.button.textContent = 'Try again';
    job.button.setAttribute('aria-label', 'Try again: ' + job.file.name);
    say(job.file.name + ': ' + text);
  }

  async function work() {
    if (running) return;
    running = true;
    try {
      for (let job; (job = jobs.find(one => one.state === 'waiting')); ) {
        job.state = 'sending';
        try {
          const answer = await send(job);
          job.state = 'done';
          finished.push({ id: answer.id, file_name: answer.file_name, size: answer.size });
          say('Upload of ' + job.file.name + ' finished.');
          remove(job);
          window.dash_clientside.set_props('uploads', { data: finished.slice() });
        } catch (error) {
          if (!job.cancelled) failed(job, error);
        }
      }
    } finally {
      running = false;
    }
  }

  function add(files) {
    for (const file of files) {
      const job = { file, state: 'waiting', cancelled: false };
      build(job);
      jobs.push(job);
    }
    place();
    work();
  }

  /* The zone: it comes and goes with the page, so events are caught on the document --------------------------------- */
  const input = make('input');
  input.type = 'file';
  input.multiple = true;
  input.hidden = true;
  input.tabIndex = -1;
  input.setAttribute('aria-hidden', 'true');
  input.id = 'upload-input';
  input.addEventListener('change', () => { add(Array.from(input.files)); input.value = ''; });

  const zoneOf = event => (event.target instanceof Element ? event.target.closest('[data-upload="zone"]') : null);
  const hasFiles = event => event.dataTransfer && Array.from(event.dataTransfer.types).includes('Files');

  document.addEventListener('click', event => {
    if (event.target instanceof Element && event.target.closest('#upload-choose')) input.click();
  });
  document.addEventListener('dragover', event => {
    if (!hasFiles(event)) return;
    event.preventDefault(); // also outside the zone: a file dropped beside it must not replace the page
    const zone = zoneOf(event);
    event.dataTransfer.dropEffect = zone ? 'copy' : 'none';
    document.querySelectorAll('[data-upload="zone"]').forEach(one => one.classList.toggle('over', one === zone));
  });
  document.addEventListener('dragleave', event => {
    if (event.relatedTarget === null) document.querySelectorAll('.upload.over').forEach(one => one.classList.remove('over'));
  });
  document.addEventListener('drop', event => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    document.querySelectorAll('.upload.over').forEach(one => one.classList.remove('over'));
    if (zoneOf(event)) add(Array.from(event.dataTransfer.files));
  });
  window.addEventListener('beforeunload', event => {
    if (jobs.some(job => job.state === 'sending')) event.preventDefault();
  });
  function ready() {
    document.body.append(input);
    new MutationObserver(place).observe(document.body, { childList: true, subtree: true });
  }
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', ready);
  else ready();

  window.holdfastUpload = { sha256Plain, add };
})();
