// What is seen and pressed. All that is decided, is decided by the verifier above.
if (typeof document !== "undefined")
  (() => {
    const $ = (id) => document.getElementById(id);
    const nothingLoaded = () => ({ credentials: [], evidence: Voltpass.emptyEvidence(), trustLists: [] });
    let loaded = nothingLoaded();

    function element(name, text, className) {
      const made = document.createElement(name);
      if (text !== undefined) made.textContent = text;
      if (className) made.className = className;
      return made;
    }

    // --- loading ---

    async function load(data) {
      if (Voltpass.isBundle(data)) {
        const { credentials, evidence, trustList } = await Voltpass.readBundle(data);
        loaded.credentials.push(...credentials.map((data) => ({ data, verify: Voltpass.verifyPassport })));
        for (const [kind, items] of Object.entries(evidence)) Object.assign(loaded.evidence[kind], items);
        if (trustList) loaded.trustLists.push(trustList);
        return;
      }
      const text = Voltpass.stripped(data);
      if (isPicture(text))
        throw new Voltpass.Refusal("a_picture", "This page reads no pictures: scan the code and paste its text.");
      if (headerOf(text).includes("trust-list+jwt")) loaded.trustLists.push(text);
      else if (!addDocument(text)) await addSubject(text);
    }

    async function addSubject(data) {
      const isReceipt = (await Voltpass.receiptIn(data)) !== null;
      if (!isReceipt && Voltpass.startsWith(data, Voltpass.utf8("%PDF")))
        throw new Voltpass.Refusal("a_pdf", "This PDF has no signed receipt inside that can be read: load its JSON form.");
      loaded.credentials.push({ data, verify: Voltpass.verifySubject, isReceipt });
    }

    const isPicture = (data) =>
      [
        [0x89, 0x50, 0x4e, 0x47],
        [0xff, 0xd8, 0xff],
        [0x47, 0x49, 0x46, 0x38],
      ].some((start) => Voltpass.startsWith(data, start));

    function headerOf(data) {
      try {
        return atob(
          Voltpass.latin1(data.slice(0, data.indexOf(0x2e)))
            .replaceAll("-", "+")
            .replaceAll("_", "/"),
        );
      } catch {
        return "";
      }
    }

    // A DID document by itself, told by its members.
    function addDocument(data) {
      try {
        const document = Voltpass.parseStrict(data);
        if (!("verificationMethod" in document) || typeof document.id !== "string") return false;
        loaded.evidence.didDocuments[document.id] = document;
        return true;
      } catch {
        return false;
      }
    }

    async function loadAll(files) {
      try {
        for (const file of files) await load(new Uint8Array(await file.arrayBuffer()));
        $("result").replaceChildren();
      } catch (error) {
        refuse(error);
      }
      $("files").value = "";
      await showState();
    }

    // --- what is at hand, and who is believed ---

    const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

    async function showState() {
      const { credentials, evidence, trustLists } = loaded;
      const sizes = Object.values(evidence).map((items) => Object.keys(items).length);
      const isEmpty = !credentials.length && !trustLists.length && sizes.every((size) => size === 0);
      const [keys, lists, proofs, documents, studies, , carried] = sizes;
      const receipts = credentials.filter(({ isReceipt }) => isReceipt).length;
      const parts = [
        ...(receipts < credentials.length || !receipts ? [count(credentials.length - receipts, "passport")] : []),
        ...(receipts ? [count(receipts, "receipt")] : []),
        count(keys + carried, "DID document"),
        count(lists, "status list"),
        count(proofs, "log proof"),
        count(documents, "certificate document"),
        count(studies, "footprint study").replace("studys", "studies"),
        trustLists.length ? "a trust list" : "no trust list",
      ];
      $("loaded").textContent = isEmpty ? "Nothing is loaded." : `Loaded: ${parts.join(", ")}.`;
      $("forget").hidden = isEmpty;
      $("trust").textContent = await trustState();
    }

    async function trustState() {
      try {
        const believed = await believedList();
        if (believed) return describe(believed);
        if (!$("root").value.trim())
          return loaded.trustLists.length
            ? "A trust list is loaded; name the key that signed it to believe it."
            : "No trust list is believed.";
        const key = await Voltpass.readKey(JSON.parse($("root").value));
        return `Key with fingerprint ${key.thumbprint}. Load the trust list that it signed.`;
      } catch (error) {
        return `No trust list is believed: ${error.message}`;
      }
    }

    function describe({ root, entries, until }) {
      const day = new Date(until).toISOString().slice(0, 10);
      return `Believed: the trust list signed by the root key with fingerprint ${root}; ${entries.length} entr${entries.length === 1 ? "y" : "ies"}, good until ${day}.`;
    }

    // Of several the newest, so that nobody brings an old one back with a bundle.
    async function believedList() {
      const root = $("root").value.trim();
      if (!root || !loaded.trustLists.length) return null;
      const roots = [].concat(JSON.parse(root));
      const read = await Promise.allSettled(loaded.trustLists.map((list) => Voltpass.readTrustList(list, roots)));
      const lists = read.filter(({ status }) => status === "fulfilled").map(({ value }) => value);
      if (!lists.length) throw read.at(-1).reason;
      return lists.reduce((newest, list) => (list.issuedAt > newest.issuedAt ? list : newest));
    }

    // --- checking ---

    async function check() {
      const at = Date.now(),
        link = $("link").value.trim() || null;
      try {
        const pasted = Voltpass.stripped(Voltpass.utf8($("credential").value));
        const subjects = pasted.length ? [{ data: pasted, verify: Voltpass.verifySubject }] : loaded.credentials;
        if (!subjects.length) throw new Voltpass.Refusal("nothing_given", "Load or paste a passport first.");
        const trustList = await believedList(),
          made = [];
        for (const { data, verify } of subjects)
          made.push(...view(await verify(data, loaded.evidence, trustList, link, at), trustList));
        $("result").replaceChildren(...made);
        $("result").scrollIntoView({ block: "start" });
      } catch (error) {
        refuse(error);
      }
    }

    function refuse(error) {
      $("result").replaceChildren(element("p", error.message, "refusal"));
    }

    // --- showing what was found ---

    const WORDS = {
      valid: "Valid",
      valid_with_warnings: "Valid, with warnings",
      invalid: "Not valid",
      cannot_tell: "Cannot tell",
    };
    const spaced = (text) => text.replaceAll("_", " ");

    function view(report, trustList) {
      const parts = [banner(report, trustList), table(report.steps)];
      if (report.credential) {
        const details = element("details");
        details.append(
          element("summary", "What was signed"),
          element("pre", JSON.stringify(report.credential, null, 1)),
        );
        parts.push(details);
      }
      return parts;
    }

    function banner({ verdict, steps, credential, checkedAt }, trustList) {
      const made = element("div", undefined, `verdict ${verdict}`);
      made.append(element("h2", WORDS[verdict]));
      const subject = [].concat(credential?.credentialSubject ?? [])[0];
      if (subject?.id) made.append(element("p", subject.id));
      const decisive =
        steps.find((step) => step.outcome === "failed") ??
        (verdict === "valid" ? undefined : decisiveOf(steps, verdict));
      if (decisive)
        made.append(element("p", `Step ${decisive.number}, ${spaced(decisive.step)}: ${decisive.message}.`));
      const found = (step) => steps[Voltpass.STEPS.indexOf(step)];
      if (isReceipt(credential) && found("schema").outcome === "passed")
        made.append(...receiptLines(subject, found("identifier").outcome));
      const whom = trustList
        ? `believing the trust list of root key ${trustList.root}`
        : "without a trust list: nobody says who the issuer is";
      made.append(element("p", `Checked at ${checkedAt.slice(0, 19)}Z, ${whom}.`, "hint"));
      return made;
    }

    // --- a receipt: what it says of the rows, in the words of its print ---

    const ROWS = { valid: "valid", valid_with_warnings: "valid, with reservations", invalid: "INVALID" };
    Object.assign(ROWS, { cannot_tell: "cannot tell", unknown: "UNKNOWN", unreadable: "UNREADABLE" });
    const isReceipt = (credential) => [].concat(credential?.type ?? []).includes("ShipmentReceipt");

    const OF_ROWS = {
      passed: "Its rows are those that were signed.",
      not_checked: "No rows were checked; those of its JSON form can be.",
      warning: "What stands on the pages of the print was not compared with this, which was signed: do so.",
      failed: "What is said here was signed; what else stands in the file was not.",
    };

    function receiptLines({ server, reference, checkedAt, counts }, outcome) {
      const number = (name) => counts[name] ?? 0;
      const links = count(number("distinct_links"), "distinct link");
      const verdicts = Object.keys(ROWS).filter((name) => number(name));
      const lines = [
        `Receipt of a list checked at ${checkedAt} by ${server}. Reference: ${reference ?? "none given"}.`,
        `${count(counts.rows, "row")}: ${links}, ${number("duplicates")} that repeat one, ${number("unreadable")} unreadable.`,
        `Of the ${links}: ${number("known_here")} known there, ${number("not_known_here")} unknown.`,
        `Rows by verdict: ${verdicts.map((name) => `${number(name)} ${ROWS[name]}`).join(", ") || "none"}.`,
        `${OF_ROWS[outcome]} The outcome above is that of the receipt; what it says of each battery was found when it was made.`,
      ];
      return lines.map((line) => element("p", line));
    }

    function decisiveOf(steps, verdict) {
      return verdict === "cannot_tell"
        ? steps.find((step) => step.outcome === "not_checked" && step.reasonCode !== "no_trust_list")
        : steps.find((step) => step.outcome === "warning" || step.reasonCode === "no_trust_list");
    }

    // A code may go on in the next line after an underscore.
    function breakable(code, className) {
      const cell = element("td", undefined, className);
      for (const part of code.split(/(?<=_)/)) cell.append(part, element("wbr"));
      return cell;
    }

    function table(steps) {
      const made = element("table"),
        head = element("thead"),
        names = element("tr"),
        body = element("tbody");
      made.append(element("caption", "The steps"));
      for (const name of ["No.", "Step", "Outcome", "What was found", "Reason code"]) {
        const cell = element("th", name);
        cell.scope = "col";
        names.append(cell);
      }
      for (const step of steps) {
        const row = element("tr");
        row.append(
          element("td", String(step.number), "number"),
          element("td", spaced(step.step)),
          element("td", spaced(step.outcome), `outcome ${step.outcome}`),
          element("td", step.message),
          breakable(step.reasonCode, "reason"),
        );
        body.append(row);
      }
      head.append(names);
      made.append(head, body);
      return made;
    }

    // --- what happens when ---

    $("check").addEventListener("click", check);
    $("files").addEventListener("change", (event) => loadAll([...event.target.files]));
    $("root").addEventListener("input", showState);
    $("forget").addEventListener("click", async () => {
      loaded = nothingLoaded();
      $("result").replaceChildren();
      await showState();
      $("files").focus();
    });
    const drop = $("drop");
    drop.addEventListener("dragover", (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
    drop.addEventListener("dragleave", () => drop.classList.remove("over"));
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      loadAll([...event.dataTransfer.files]);
    });
  })();
