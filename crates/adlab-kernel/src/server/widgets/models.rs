//! The models of a picture with controls, as the widgets of `@jupyter-widgets/controls` 2.0.0 have them.
//!
//! Models refer to each other by name: the box has the controls, and below them what they show.

use serde_json::{Map, Value, json};

use crate::event::{Control, Controls};

/// The version of the models' modules, and that of the protocol in which they are spoken of.
pub const VERSION: &str = "2.0.0";
pub const PROTOCOL: &str = "2.1.0";

const BASE: &str = "@jupyter-widgets/base";
const CONTROLS: &str = "@jupyter-widgets/controls";

/// A model as front ends know it.
#[derive(Debug, Clone)]
pub struct Model {
    pub id: String,
    pub state: Map<String, Value>,
}

/// A kind of control.
struct Kind {
    /// What cells call it.
    word: &'static str,
    model: &'static str,
    style: &'static str,
    /// The property that has its value.
    value: &'static str,
    is_wide: bool,
}

const KINDS: [Kind; 5] = [
    Kind { word: "float slider", model: "FloatSlider", style: "SliderStyle", value: "value", is_wide: true },
    Kind { word: "int slider", model: "IntSlider", style: "SliderStyle", value: "value", is_wide: true },
    Kind { word: "dropdown", model: "Dropdown", style: "DescriptionStyle", value: "index", is_wide: false },
    Kind { word: "checkbox", model: "Checkbox", style: "CheckboxStyle", value: "value", is_wide: false },
    Kind { word: "button", model: "Button", style: "ButtonStyle", value: "", is_wide: false },
];

fn kind(control: &Control) -> &'static Kind {
    KINDS.iter().find(|kind| kind.word == control.kind).unwrap_or(&KINDS[0])
}

/// The property that has a control's value; nothing for a button.
pub fn property(control: &Control) -> &'static str {
    kind(control).value
}

/// The names of the models that have something of their own to say.
pub fn of_control(id: &str, number: usize) -> String {
    format!("{id}-{number}")
}

pub fn of_figure(id: &str) -> String {
    format!("{id}-figure")
}

pub fn of_box(id: &str) -> String {
    format!("{id}-box")
}

/// All of it, each after those that it refers to.
pub fn models(widget: &Controls, html: &str) -> Vec<Model> {
    let id = &widget.id;
    let (layout, wide) = (format!("{id}-layout"), format!("{id}-wide"));
    let mut models = vec![
        model(layout.clone(), BASE, "Layout", json!({})),
        // As wide as a figure.
        model(wide.clone(), BASE, "Layout", json!({ "width": "640px", "max_width": "100%" })),
    ];
    let mut children = Vec::new();
    for (number, control) in widget.controls.iter().enumerate() {
        let Kind { model: name, style: style_name, value, is_wide, .. } = *kind(control);
        let (own, style) = (of_control(id, number), format!("{id}-{number}-style"));
        let looks = if style_name == "ButtonStyle" { json!({}) } else { json!({ "description_width": "initial" }) };
        models.push(model(style.clone(), CONTROLS, style_name, looks));
        let mut state = json!({
            "description": control.name,
            "disabled": false,
            "layout": refer(if is_wide { &wide } else { &layout }),
            "style": refer(&style),
            "tabbable": null,
            "tooltip": null,
        });
        let more = |name: &str| control.all.get(name).cloned().unwrap_or_default();
        match control.kind.as_str() {
            "dropdown" => state["_options_labels"] = more("entries"),
            "checkbox" => state["indent"] = false.into(),
            "button" => {
                state["button_style"] = "".into();
                state["icon"] = "".into();
            }
            _ => {
                let slider = json!({
                    "min": more("min"),
                    "max": more("max"),
                    "step": more("step"),
                    "orientation": "horizontal",
                    "readout": true,
                    "readout_format": more("format"),
                    "continuous_update": true,
                    "behavior": "drag-tap",
                });
                state.as_object_mut().expect("it is one").extend(slider.as_object().cloned().unwrap_or_default());
            }
        }
        if !value.is_empty() {
            state[value] = control.value.clone();
        }
        models.push(model(own.clone(), CONTROLS, name, state));
        children.push(refer(&own));
    }
    let style = format!("{id}-figure-style");
    models.push(model(style.clone(), CONTROLS, "HTMLStyle", json!({})));
    let figure = json!({
        "value": html,
        "placeholder": "",
        "description": "",
        "layout": refer(&layout),
        "style": refer(&style),
        "tabbable": null,
        "tooltip": null,
    });
    models.push(model(of_figure(id), CONTROLS, "HTML", figure));
    children.push(refer(&of_figure(id)));
    let state =
        json!({ "children": children, "box_style": "", "layout": refer(&layout), "tabbable": null, "tooltip": null });
    models.push(model(of_box(id), CONTROLS, "VBox", state));
    models
}

fn model(id: String, module: &str, name: &str, own: Value) -> Model {
    // What is no more than a style has no page of its own.
    let (view_module, view) = match name {
        "Layout" => (BASE, "LayoutView".to_owned()),
        _ if name.ends_with("Style") => (BASE, "StyleView".to_owned()),
        _ => (module, format!("{name}View")),
    };
    let mut state = json!({
        "_model_module": module,
        "_model_module_version": VERSION,
        "_model_name": format!("{name}Model"),
        "_view_count": null,
        "_view_module": view_module,
        "_view_module_version": VERSION,
        "_view_name": view,
    });
    let all = state.as_object_mut().expect("it is one");
    if !name.ends_with("Style") && name != "Layout" {
        all.insert("_dom_classes".into(), json!([]));
    }
    all.extend(own.as_object().cloned().unwrap_or_default());
    Model { id, state: std::mem::take(all) }
}

fn refer(id: &str) -> Value {
    format!("IPY_MODEL_{id}").into()
}

/// A value that a front end has sent for a control, in its bounds; nothing where it makes no sense.
pub fn admitted(control: &Control, value: &Value) -> Option<Value> {
    let bound = |name: &str| control.all.get(name).and_then(Value::as_f64);
    match control.kind.as_str() {
        "dropdown" => {
            let count = control.all.get("entries").and_then(Value::as_array).map_or(0, Vec::len);
            value.as_u64().filter(|index| *index < count as u64).map(Value::from)
        }
        "checkbox" => value.as_bool().map(Value::from),
        "button" => None,
        kind => {
            let number = value.as_f64()?.clamp(bound("min")?, bound("max")?);
            Some(if kind == "int slider" { (number.round() as i64).into() } else { number.into() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(json: Value) -> Control {
        Control::read(&json).unwrap()
    }

    #[test]
    fn values_are_admitted_in_their_bounds() {
        let x = control(json!({ "kind": "float slider", "name": "x", "value": 0.0, "min": -3.0, "max": 3.0 }));
        let n = control(json!({ "kind": "int slider", "name": "n", "value": 1, "min": 1, "max": 9 }));
        let f = control(json!({ "kind": "dropdown", "name": "f", "value": 0, "entries": ["a", "b"] }));
        let b = control(json!({ "kind": "checkbox", "name": "b", "value": true }));
        let press = control(json!({ "kind": "button", "name": "go", "value": null }));
        for (control, value, expected) in [
            (&x, json!(1.5), Some(json!(1.5))),
            (&x, json!(2), Some(json!(2.0))),
            (&x, json!(99), Some(json!(3.0))),
            (&x, json!("1"), None),
            (&n, json!(3), Some(json!(3))),
            (&n, json!(-1), Some(json!(1))),
            (&f, json!(1), Some(json!(1))),
            (&f, json!(2), None),
            (&f, json!(null), None),
            (&b, json!(false), Some(json!(false))),
            (&b, json!(0), None),
            (&press, json!(1), None),
        ] {
            assert_eq!(admitted(control, &value), expected, "{} {value}", control.kind);
        }
    }

    #[test]
    fn models_come_after_those_they_refer_to() {
        let kinds = ["float slider", "int slider", "dropdown", "checkbox", "button"];
        let controls = kinds.map(|kind| control(json!({ "kind": kind, "name": kind, "value": 1 }))).to_vec();
        let models = models(&Controls { id: "w".into(), shows: true, controls }, "<b>");
        for (place, model) in models.iter().enumerate() {
            let text = serde_json::to_string(&model.state).unwrap();
            for part in text.split("IPY_MODEL_").skip(1) {
                let name = part.split('"').next().unwrap();
                assert!(models[..place].iter().any(|known| known.id == name), "{} {name}", model.id);
            }
        }
        assert_eq!(models.last().unwrap().state["children"].as_array().unwrap().len(), kinds.len() + 1);
    }
}
