//! Orders from a catalogue: a summary for the agent; the order itself is kept in the message's metadata.

use crate::wire::{Order, OrderItem};
use patchbay_plugin_meta::json::{Raw, items, read};

/// The contact's words, then a line per product: `2 × di9ozbzfi4 (30 USD)`.
pub fn summary(raw: Raw<'_>) -> Option<String> {
    let order: Order<'_> = read(raw)?;
    let products = items(order.product_items).into_iter().filter_map(|raw| line(&read(Some(raw))?));
    let lines: Vec<String> = order.text.owned().into_iter().chain(products).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn line(item: &OrderItem<'_>) -> Option<String> {
    let product = item.product_retailer_id.get()?;
    let quantity = item.quantity.get().unwrap_or("1");
    let price = item.item_price.get().map(|price| format!(" ({price} {})", item.currency.or_empty()));
    Some(format!("{quantity} × {product}{}", price.unwrap_or_default()))
}
