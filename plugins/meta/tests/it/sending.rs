//! What the codes of the Send API mean, which Messenger and Instagram share.

use patchbay_plugin_meta::Effect;
use patchbay_plugin_meta::messaging::RULES;
use patchbay_plugin_sdk::FailureKind::{
    self, OutsideWindow, RateLimited, Rejected, Temporary, Unauthorized, Unknown, Unreachable,
};
use patchbay_plugin_sdk::Response;
use serde_json::{Value, json};

fn kind(status: u16, error: &Value) -> FailureKind {
    let body = json!({"error": error}).to_string().into_bytes();
    Effect::Sends.refusal(&Response { status, headers: Vec::new(), body, saved: None }, RULES).kind
}

fn code(code: i64, subcode: i64) -> FailureKind {
    let error = json!({"message": "m", "code": code, "error_subcode": subcode});
    let plain = json!({"message": "m", "code": code});
    // The status is not published for each code: it decides nothing.
    let kinds = [400, 403, 500].map(|status| {
        let error = if subcode == 0 { &plain } else { &error };
        kind(status, error)
    });
    let [first, ..] = kinds;
    assert_eq!(kinds, [first; 3], "{code}-{subcode}");
    first
}

#[test]
fn error_codes() {
    let cases: &[(FailureKind, &[(i64, i64)])] = &[
        (Unknown, &[(1, 0), (1, 99), (1, 1_357_046)]),
        (Temporary, &[(2, 0), (100, 2_018_008), (100, 2_018_294), (2_018_300, 0), (2_018_321, 0)]),
        (Temporary, &[(10, 2_018_300), (10, 2_018_321), (100, 2_018_300)]),
        (RateLimited, &[(4, 0), (613, 0), (613, 2_534_040)]),
        (OutsideWindow, &[(10, 2_018_278), (10, 2_018_065), (10, 2_534_022)]),
        (
            Unreachable,
            &[(10, 2_018_108), (551, 0), (551, 1_545_041), (200, 1_545_041), (100, 2_018_001), (100, 2_534_014)],
        ),
        (
            Unauthorized,
            &[
                (10, 1_893_063),
                (190, 0),
                (190, 463),
                (10, 0),
                (200, 2_018_028),
                (230, 0),
                (368, 0),
                (100, 2_534_013),
                (10, 2_534_077),
                (100, 2_534_029),
                (200, 2_534_041),
            ],
        ),
        (
            Rejected,
            &[
                (613, 2_018_338),
                (100, 0),
                (100, 2_018_014),
                (100, 2_018_047),
                (100, 2_018_109),
                (100, 2_534_015),
                (100, 2_534_037),
                (9_000_001, 0),
            ],
        ),
    ];
    for (kind, codes) in cases {
        for (number, subcode) in *codes {
            assert_eq!(code(*number, *subcode), *kind, "{number}-{subcode}");
        }
    }
}
