//! Connectors written by hand in WebAssembly text, so that each can misbehave in its own way.
//!
//! A [`Guest`] answers every call in the simplest way the contract allows; a test replaces the functions it is
//! about. What a function answers lies in memory before it is called: [`Guest::put`].

use std::{collections::BTreeMap, fmt::Write};

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const WIT: &str = include_str!("../../../../../plugin-sdk/wit/connector.wit");
const PAGE: usize = 65_536;

pub struct Guest {
    pub contract: String,
    pub imports: String,
    pub functions: BTreeMap<&'static str, String>,
    pub memory: Vec<u8>,
    pub id: &'static str,
    pub version: &'static str,
    pub channel_type: &'static str,
    pub config_schema: &'static str,
}

impl Default for Guest {
    fn default() -> Self {
        let mut guest = Self {
            contract: WIT.to_owned(),
            imports: String::new(),
            functions: BTreeMap::new(),
            // Address 0 stays free.
            memory: vec![0; 8],
            id: "test",
            version: "1.0.0",
            channel_type: "TEST",
            config_schema: "{}",
        };
        let (nothing, kept) = (guest.put(&[0; 64]), guest.put_words(&[0, 1, 200, 0, 0, 0, 0]));
        let done = guest.put(&[&[1, 0, 0, 0, 0, 0, 0, 0, 1][..], &[0; 503]].concat());
        for (name, answer) in
            [("addresses", nothing), ("accept", kept), ("parse", nothing), ("perform", done), ("resume", done)]
        {
            guest = guest.answers(name, &format!("(i32.const {answer})"));
        }
        guest
    }
}

impl Guest {
    /// Replaces a function: its body leaves the address of the answer.
    pub fn answers(mut self, function: &'static str, body: &str) -> Self {
        self.functions.insert(function, body.to_owned());
        self
    }

    pub fn without(mut self, function: &'static str) -> Self {
        self.functions.remove(function);
        self
    }

    pub fn imports(mut self, import: &str) -> Self {
        self.imports.push_str(import);
        self
    }

    pub fn contract_version(mut self, version: &str) -> Self {
        self.contract = self.contract.replace("patchbay:connector@0.1.0", &format!("patchbay:connector@{version}"));
        self
    }

    pub fn put(&mut self, bytes: &[u8]) -> u32 {
        self.memory.resize(self.memory.len().next_multiple_of(8), 0);
        let address = u32::try_from(self.memory.len()).unwrap();
        self.memory.extend_from_slice(bytes);
        address
    }

    pub fn put_words(&mut self, words: &[u32]) -> u32 {
        self.put(&words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>())
    }

    fn put_text(&mut self, text: &str) -> [u32; 2] {
        [self.put(text.as_bytes()), u32::try_from(text.len()).unwrap()]
    }

    /// The manifest as the canonical ABI lays it out: forty words, options all empty.
    fn put_manifest(&mut self) -> u32 {
        let channel_type = self.put_text(self.channel_type);
        let channel_types = [self.put_words(&channel_type), 1];
        let mut words = [0; 40];
        let fields = [
            self.put_text(self.id),
            self.put_text("Test"),
            self.put_text(self.version),
            channel_types,
            self.put_text(self.config_schema),
        ];
        for (place, word) in words.iter_mut().zip(fields.concat()) {
            *place = word;
        }
        self.put_words(&words)
    }

    fn text(&mut self) -> String {
        let manifest = self.put_manifest();
        let parameters = |name: &str| match name {
            "describe" => "",
            // A webhook, flat.
            "addresses" => "(param i32 i32 i32 i32 i32 i32 i32 i32 i64)",
            _ => "(param i32)",
        };
        let mut text = format!("(module {}", self.imports);
        self.functions.insert("describe", format!("(i32.const {manifest})"));
        for (name, body) in &self.functions {
            let parameters = parameters(name);
            write!(text, "(func (export {name:?}) {parameters} (result i32) {body})").unwrap();
        }
        let pages = self.memory.len().div_ceil(PAGE);
        let heap = pages * PAGE;
        let mut data = String::new();
        for byte in &self.memory {
            write!(data, "\\{byte:02x}").unwrap();
        }
        write!(
            text,
            r#"(memory (export "memory") {pages})
            (data (i32.const 0) "{data}")
            (global $heap (mut i32) (i32.const {heap}))
            (global $calls (mut i32) (i32.const 0))
            (func $deeper (param i32) (result i32)
                (i32.add (call $deeper (i32.add (local.get 0) (i32.const 1))) (local.get 0)))
            (func $more (param $pages i32)
                (if (i32.eq (memory.grow (local.get $pages)) (i32.const -1)) (then unreachable)))
            (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
                (local $at i32)
                (local.set $at (global.get $heap))
                (global.set $heap (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 7)) (i32.const -8)))
                (loop $grow
                    (if (i32.gt_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536)))
                        (then (call $more (i32.const 1)) (br $grow))))
                (local.get $at)))"#
        )
        .unwrap();
        text
    }

    /// The core module, with the contract in it.
    pub fn build(mut self) -> Vec<u8> {
        let mut module = wat::parse_str(self.text()).unwrap();
        let mut resolve = Resolve::default();
        let package = resolve.push_str("connector.wit", &self.contract).unwrap();
        let world = resolve.select_world(&[package], None).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        module
    }
}

/// A connector whose `parse` fails with one `x` for each call that its memory has seen.
pub fn counting() -> Guest {
    let mut guest = Guest::default();
    let text = guest.put(&[b'x'; 64]);
    let answer = guest.put_words(&[1, text, 0]);
    let count = format!(
        "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
         (i32.store (i32.const {}) (global.get $calls))
         (i32.const {answer})",
        answer + 8
    );
    guest.answers("parse", &count)
}
