//! Promises 1 to 3 and 9 under the load of the acceptance test: many contacts,
//! every webhook twice, in any order between contacts.

use crate::{
    on_every_size,
    support::{
        api::Person,
        engine::Engine,
        load::{Load, settled, stored},
        whatsapp,
    },
};

on_every_size! {
    async fn every_webhook_is_stored_once_and_in_order(size: Size) {
        let engine = Engine::start(size).await;
        let person = Person::sign_up(&engine).await;
        let channel = person.channel("WHATSAPP", whatsapp::config("http://127.0.0.1:9")).await;
        let sent = Load { calls: 10_000, contacts: 500, seed: 7, senders: 16 }.send(&engine, &channel).await;
        settled(&engine, &sent).await;
        assert_eq!(stored(&engine).await, sent.expected());
        let sequences = engine.database.count("select max(sequence) - count(*) from events").await;
        assert_eq!(sequences, 0, "sequences have gaps");
        assert_eq!(engine.database.count("select count(*) from dead_letters").await, 0);
        engine.finish().await;
    }
}
