//! Fetching a file that a contact sent: its address is looked up by its id and is valid for five minutes. When it has
//! run out by the time of the download, it is looked up once more.

use super::{Api, answer};
use patchbay_plugin_meta::Effect;
use patchbay_plugin_meta::json::Text;
use patchbay_plugin_sdk::{Failure, Outcome, Response, Step, TransportError};
use serde::Deserialize;

/// The place in the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    LookUp,
    Download,
    LookUpAgain,
    DownloadAgain,
}

impl Place {
    const ALL: [Self; 4] = [Self::LookUp, Self::Download, Self::LookUpAgain, Self::DownloadAgain];

    const fn word(self) -> &'static str {
        match self {
            Self::LookUp => "look-up",
            Self::Download => "download",
            Self::LookUpAgain => "look-up-again",
            Self::DownloadAgain => "download-again",
        }
    }

    fn read(state: &[u8]) -> Result<Self, Failure> {
        let place = Self::ALL.into_iter().find(|place| place.word().as_bytes() == state);
        place.ok_or_else(|| Failure::temporary("the state of the command cannot be read"))
    }
}

#[derive(Deserialize)]
struct Address<'a> {
    #[serde(default, borrow)]
    url: Text<'a>,
}

pub fn look_up(api: &Api, id: &str, place: Place) -> Step {
    api.graph.get([id]).state(place.word()).into()
}

pub fn resume(api: &Api, id: &str, state: &[u8], response: Result<Response, TransportError>) -> Result<Step, Failure> {
    let next = match Place::read(state)? {
        Place::LookUp => Place::Download,
        Place::LookUpAgain => Place::DownloadAgain,
        Place::Download if response.as_ref().is_ok_and(|response| response.status == 404) => {
            return Ok(look_up(api, id, Place::LookUpAgain));
        }
        Place::Download | Place::DownloadAgain => return saved(response),
    };
    let response = answer::success(Effect::Repeatable, response)?;
    let address: Address<'_> = response.json().map_err(|error| Effect::Repeatable.unreadable(&error))?;
    let url = address.url.get().ok_or_else(|| Effect::Repeatable.unreadable("it has no url"))?;
    Ok(api.graph.download(url).save_body().state(next.word()).into())
}

fn saved(response: Result<Response, TransportError>) -> Result<Step, Failure> {
    let saved = answer::success(Effect::Repeatable, response)?.saved;
    let media = saved.ok_or_else(|| Failure::temporary("the file was not kept"))?;
    Ok(Outcome::Media(media).into())
}
