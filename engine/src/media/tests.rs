use bytes::Bytes;
use chrono::TimeDelta;
use futures_util::{StreamExt, TryStreamExt, stream};
use patchbay_domain::{UserId, people::Role};
use patchbay_store::{StoreOptions, channels::NewChannel, users::NewUser};
use tempfile::TempDir;

use super::*;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and so on";

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn content(bytes: &[u8]) -> ByteStream {
    let chunks: Vec<_> = bytes.chunks(7).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    stream::iter(chunks).boxed()
}

async fn bytes(stream: ByteStream) -> Vec<u8> {
    stream.try_collect::<Vec<Bytes>>().await.unwrap().concat()
}

struct Desk {
    media: DiskMedia,
    store: Store,
    folder: TempDir,
}

impl Desk {
    async fn new(file: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("patchbay.toml");
        std::fs::write(&path, file).unwrap();
        let data_dir = folder.path().join("data").display().to_string();
        let config = Config::load(Some(&path), |name| (name == "PATCHBAY_DATA_DIR").then(|| data_dir.clone())).unwrap();
        let store = Store::connect(config.storage.database_url.expose(), StoreOptions::default()).await.unwrap();
        store.migrate().await.unwrap();
        Self { media: DiskMedia::new(&config, store.clone(), now), store, folder }
    }

    async fn organisation(&self, email: &str) -> (OrganisationId, ChannelId) {
        let (organisation_id, channel_id) = (OrganisationId::at(now()), ChannelId::at(now()));
        let owner = NewUser {
            id: UserId::at(now()),
            organisation_id,
            email: Some(email.to_owned()),
            username: None,
            name: "Owner".to_owned(),
            password_hash: "none".to_owned(),
            role: Role::Owner,
            created_by: None,
        };
        self.store.sign_up("Organisation", &owner, None, now()).await.unwrap();
        let channel = NewChannel {
            id: channel_id,
            organisation_id,
            channel_type: "MOCK".to_owned(),
            name: "Channel".to_owned(),
            config: serde_json::json!({}),
            secrets: Vec::new(),
            address: None,
            webhook_token: None,
            created_by: None,
        };
        self.store.create_channel(&channel, None, now()).await.unwrap();
        (organisation_id, channel_id)
    }

    fn files(&self) -> usize {
        fn count(path: &std::path::Path) -> usize {
            let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
            entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
        }
        count(&self.folder.path().join("data/media"))
    }
}

#[tokio::test]
async fn what_a_channel_saves_its_channel_opens() {
    let desk = Desk::new("").await;
    let (organisation_id, channel) = desk.organisation("a@example.com").await;
    let mime = Some("image/jpeg".to_owned());
    let id = desk.media.save(channel, mime, Some("../photo.png".to_owned()), content(PNG)).await.unwrap();

    let opened = desk.media.open(channel, id).await.unwrap();
    assert_eq!(opened.mime.as_deref(), Some("image/png"));
    assert_eq!(opened.file_name.as_deref(), Some("photo.png"));
    assert_eq!(opened.length, PNG.len() as u64);
    assert_eq!(bytes(opened.stream).await, PNG);

    let (media, _) = desk.media.open_for(organisation_id, id).await.unwrap();
    assert_eq!(media, desk.store.media(id).await.unwrap().unwrap());
    assert_eq!(media.sha256.len(), 64);
    assert_eq!(bytes(desk.media.part(&media, 1, 3).await.unwrap()).await, PNG[1..4]);
}

#[tokio::test]
async fn nobody_opens_another_organisations_file() {
    let desk = Desk::new("").await;
    let (mine, _) = desk.organisation("a@example.com").await;
    let (theirs, their_channel) = desk.organisation("b@example.com").await;
    let media = desk.media.keep(mine, 1 << 10, None, None, content(b"mine")).await.unwrap();
    assert!(desk.media.open_for(mine, media.id).await.is_ok());
    assert!(matches!(desk.media.open_for(theirs, media.id).await, Err(DiskMediaError::NotFound)));
    assert!(matches!(desk.media.open(their_channel, media.id).await, Err(MediaError::NotFound(id)) if id == media.id));
    let nobody = ChannelId::at(now());
    assert!(matches!(desk.media.open(nobody, media.id).await, Err(MediaError::NotFound(_))));
    assert!(desk.media.save(nobody, None, None, content(b"whose")).await.is_err());
    assert_eq!(desk.files(), 1);
}

#[tokio::test]
async fn what_is_too_large_or_has_no_owner_leaves_nothing() {
    let desk = Desk::new("[egress]\nsaved_bytes = \"2KiB\"\n").await;
    let (organisation_id, channel) = desk.organisation("a@example.com").await;
    desk.media.keep(organisation_id, 1024, None, None, content(&[b'x'; 1024])).await.unwrap();
    let refused = desk.media.keep(organisation_id, 1024, None, None, content(&[b'x'; 1025])).await;
    assert!(matches!(refused, Err(DiskMediaError::Folder(FolderError::TooLarge(1024)))));
    // What a platform sends has a limit of its own.
    desk.media.save(channel, None, None, content(&[b'x'; 2048])).await.unwrap();
    assert!(matches!(desk.media.save(channel, None, None, content(&[b'x'; 2049])).await, Err(MediaError::Refused(_))));
    let refused = desk.media.keep(OrganisationId::at(now()), 1024, None, None, content(b"lost")).await;
    assert!(matches!(refused, Err(DiskMediaError::Store(_))));
    assert_eq!(desk.files(), 2);
}
