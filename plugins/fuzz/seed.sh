#!/bin/sh
# Makes the recorded webhooks of a connector the beginning of its corpus: ./seed.sh whatsapp
set -eu
cd "$(dirname "$0")"
mkdir -p "corpus/$1"
for fixture in "../$1/tests/fixtures/"*.json; do
    node -e '
        const { readFileSync, writeFileSync } = require("node:fs");
        const [file, folder] = process.argv.slice(1);
        const { kind, body, raw, form, content_type } = JSON.parse(readFileSync(file));
        if (!["webhook", "signature"].includes(kind)) process.exit();
        const part = ([name, value]) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
        const encoded = () =>
            content_type?.startsWith("multipart/")
                ? [2, `${Object.entries(form).map(part).join("")}--x--\r\n`]
                : [1, new URLSearchParams(form).toString()];
        // The first byte says what the rest is: JSON, a form, parts of a form.
        const [first, text] = form ? encoded() : [0, raw ?? JSON.stringify(body)];
        const name = file.split("/").pop().replace(".json", "");
        writeFileSync(`${folder}/${name}`, Buffer.concat([Buffer.from([first]), Buffer.from(text)]));
    ' "$fixture" "corpus/$1"
done
echo "corpus/$1: $(ls "corpus/$1" | wc -l) inputs"
