//! Which nodes are alive, and who may work on what.

use std::time::Duration;

use chrono::{DateTime, Utc};
use patchbay_domain::NodeId;
use uuid::Uuid;

use crate::{Store, StoreError, backend::sql};

impl Store {
    /// A sign of life.
    pub async fn heartbeat(&self, node: NodeId, now: DateTime<Utc>) -> Result<(), StoreError> {
        sql("insert into nodes (id, started_at, seen_at) values ($1, $2, $2) \
             on conflict (id) do update set seen_at = excluded.seen_at")
        .bind(node)
        .bind(now)
        .execute(self.writer())
        .await
        .map(drop)
    }

    /// Nodes that gave a sign of life since then, in the order of their ids.
    pub async fn live_nodes(&self, since: DateTime<Utc>) -> Result<Vec<NodeId>, StoreError> {
        let ids: Vec<(Uuid,)> =
            sql("select id from nodes where seen_at >= $1 order by id").bind(since).fetch_all(self).await?;
        Ok(ids.into_iter().map(|(id,)| id.into()).collect())
    }

    /// Takes a lease that nobody holds, or renews the node's own. False where another holds it.
    pub async fn acquire_lease(
        &self,
        name: &str,
        node: NodeId,
        now: DateTime<Utc>,
        lifetime: Duration,
    ) -> Result<bool, StoreError> {
        let written = sql("insert into leases (name, node_id, expires_at) values ($1, $2, $3) \
             on conflict (name) do update set node_id = excluded.node_id, expires_at = excluded.expires_at \
             where leases.node_id = excluded.node_id or leases.expires_at <= $4")
        .bind(name)
        .bind(node)
        .bind(now + lifetime)
        .bind(now)
        .execute(self.writer())
        .await?;
        Ok(written == 1)
    }

    /// Gives one lease back, if the node holds it.
    pub async fn release_lease(&self, name: &str, node: NodeId) -> Result<(), StoreError> {
        sql("delete from leases where name = $1 and node_id = $2")
            .bind(name)
            .bind(node)
            .execute(self.writer())
            .await
            .map(drop)
    }

    pub async fn release_leases(&self, node: NodeId) -> Result<(), StoreError> {
        sql("delete from leases where node_id = $1").bind(node).execute(self.writer()).await.map(drop)
    }

    /// The node stops; it counts as gone at once.
    pub async fn remove_node(&self, node: NodeId) -> Result<(), StoreError> {
        sql("delete from nodes where id = $1").bind(node).execute(self.writer()).await.map(drop)
    }

    /// Forgets nodes that were killed and not seen since.
    pub async fn trim_nodes(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        sql("delete from nodes where seen_at < $1").bind(before).execute(self.writer()).await
    }
}
