//! Between the contract's types and the engine's, field by field: `inward` is what a connector is given,
//! `outward` what it answers. Both take records apart completely, so that a new field does not compile
//! until it is carried over.

pub mod inward;
pub mod outward;

#[cfg(test)]
mod tests;
