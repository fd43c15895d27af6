//! Texts with places for values: `{{customer.name}}`. Used by macros, and by
//! whatever else is written once and sent to many.

/// A place that nothing is known for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{{{{{0}}}}} stands for nothing that is known here")]
pub struct UnknownVariable(pub String);

/// The text with its values. Spaces around a name do not matter; braces that do not close stay as they are. In
/// `{{name|friend}}` what follows the bar stands where the value is empty.
///
/// # Errors
/// The first name that `value` does not know.
pub fn render<'a>(text: &str, value: impl Fn(&str) -> Option<&'a str>) -> Result<String, UnknownVariable> {
    let mut rendered = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let place = after.split_once("}}").map(|(place, after)| (place.split_once('|').unwrap_or((place, "")), after));
        let Some(((name, otherwise), after)) = place.filter(|((name, _), _)| is_name(name.trim())) else {
            rendered.push_str(before);
            rendered.push_str("{{");
            rest = after;
            continue;
        };
        rendered.push_str(before);
        let known = value(name.trim()).ok_or_else(|| UnknownVariable(name.trim().to_owned()))?;
        rendered.push_str(if known.is_empty() { otherwise } else { known });
        rest = after;
    }
    rendered.push_str(rest);
    Ok(rendered)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || ['.', '_', '-'].contains(&letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Result<String, UnknownVariable> {
        render(text, |name| match name {
            "customer.name" => Some("Ana"),
            "agent.name" => Some("{{customer.name}}"),
            "ticket.subject" => Some(""),
            _ => None,
        })
    }

    #[test]
    fn values_take_their_places() {
        assert_eq!(told("Hi {{customer.name}}, {{ customer.name }}!").unwrap(), "Hi Ana, Ana!");
        assert_eq!(told("About \"{{ticket.subject}}\"").unwrap(), "About \"\"");
    }

    #[test]
    fn an_empty_value_gives_way_to_another_word() {
        assert_eq!(told("{{customer.name|you}}, {{ ticket.subject |a case}}").unwrap(), "Ana, a case");
        assert_eq!(told("{{ticket.subject|}} {{ |x}}").unwrap(), " {{ |x}}");
        assert!(told("{{customer.nickname|you}}").is_err());
    }

    #[test]
    fn a_value_is_never_read_as_a_text_with_places() {
        assert_eq!(told("{{agent.name}}").unwrap(), "{{customer.name}}");
    }

    #[test]
    fn what_is_no_place_stays() {
        for text in ["", "{", "{{", "{{}}", "{{ }}", "a {{b", "{{a b}}", "}} {{", "{{{}}}"] {
            assert_eq!(told(text).as_deref(), Ok(text));
        }
        assert_eq!(told("{{{customer.name}}}").as_deref(), Ok("{{{customer.name}}}"));
        assert_eq!(told("{{ {{customer.name}}").as_deref(), Ok("{{ Ana"));
    }

    #[test]
    fn an_unknown_name_is_told() {
        let error = told("Hi {{customer.nickname}}").unwrap_err();
        assert_eq!(error.to_string(), "{{customer.nickname}} stands for nothing that is known here");
    }
}
