//! Reads what a component is: a tool of which kind, with which imports, within the sandbox's limits.

use wasmparser::{ComponentExternalKind, ComponentTypeRef, Parser, Payload, TypeBounds};

use crate::package::{
    ComponentKind, Import,
    component::{
        census::{Census, Uncounted},
        imports::{Interface, refusal},
        validate::{NotValid, validate},
        weight::{self, Scales, Unweighed},
    },
    fault::{listed, shortened},
};

/// How deep components may stand in components.
const DEEPEST: usize = 16;

/// The export of a typed tool.
const TYPED: &str = "pocket:tool/tool@0.1.0";

/// Why bytes are not a tool, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NotATool {
    pub(super) message: String,
    pub(super) hint: Option<&'static str>,
}

/// What a component is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Inspected {
    pub(super) kind: ComponentKind,
    pub(super) imports: Vec<Import>,
}

/// What stands at the top of a component.
#[derive(Default)]
struct Surface<'w> {
    imports: Vec<(&'w str, ComponentTypeRef)>,
    exports: Vec<(&'w str, ComponentExternalKind)>,
    census: Census,
}

/// Reads the component; every reason why it is not a tool is given.
pub(super) fn inspect(bytes: &[u8]) -> Result<Inspected, Vec<NotATool>> {
    is_component(bytes).map_err(|fault| vec![fault])?;
    let surface = surface(bytes).map_err(|fault| vec![fault])?;
    let mut faults: Vec<NotATool> = Vec::new();
    let mut imports = Vec::new();
    for (name, kind) in &surface.imports {
        match kind {
            // A type that equals another of the component asks nothing of the host.
            ComponentTypeRef::Type(TypeBounds::Eq(_)) => {}
            ComponentTypeRef::Instance(_) => match refusal(name) {
                None => imports.push(Import((*name).to_owned())),
                Some((message, hint)) => faults.push(NotATool { message, hint }),
            },
            other => faults.push(NotATool {
                message: format!(
                    "only interfaces are imported: found the {} `{}`",
                    other.kind().desc(),
                    shortened(name)
                ),
                hint: None,
            }),
        }
    }
    faults.truncate(20);
    let kind = kind(&surface.exports).map_err(|fault| faults.push(fault)).ok();
    match surface.census.within_limits() {
        Ok(()) => {}
        Err(Uncounted::TooMany { what, most, found }) => faults.push(NotATool {
            message: format!("a component has at most {most} {what}: {found}"),
            hint: None,
        }),
        Err(Uncounted::Untold) => faults.push(NotATool {
            message:
                "it instantiates a module or component that an instance exports or a component imports, so that nobody can count what it makes"
                    .to_owned(),
            hint: Some("instantiate what the file itself has"),
        }),
    }
    // What is wrong above would be told by the validator too, in its own words.
    if faults.is_empty()
        && let Err(not_valid) = validate(bytes)
    {
        faults.push(told(&not_valid));
    }
    match (kind, faults.is_empty()) {
        (Some(kind), true) => Ok(Inspected { kind, imports }),
        _faulty => Err(faults),
    }
}

fn is_component(bytes: &[u8]) -> Result<(), NotATool> {
    let refused = |message: String, hint| Err(NotATool { message, hint });
    if bytes.is_empty() {
        return refused("the file is empty".to_owned(), Some("build the component again"));
    }
    if Parser::is_component(bytes) {
        Ok(())
    } else if Parser::is_core_wasm(bytes) {
        refused(
            "this is a core module (wasm32-wasip1?), not a component".to_owned(),
            Some("build for wasm32-wasip2: `cargo build --release --target wasm32-wasip2`"),
        )
    } else if bytes.starts_with(b"\0asm") {
        refused(
            "this is WebAssembly of a version that is not known here".to_owned(),
            None,
        )
    } else {
        refused(
            "this is not WebAssembly".to_owned(),
            Some("the component is the `.wasm` file that `cargo build --release --target wasm32-wasip2` writes"),
        )
    }
}

fn surface(bytes: &[u8]) -> Result<Surface<'_>, NotATool> {
    let mut surface = Surface::default();
    let mut depth = 0_usize;
    let mut scales = Scales::default();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| damaged(&error))?;
        surface.census.count(&payload).map_err(|error| damaged(&error))?;
        scales.weigh(&payload).map_err(|unweighed| too_heavy(&unweighed))?;
        match payload {
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    let import = import.map_err(|error| damaged(&error))?;
                    surface.imports.push((import.name.name, import.ty));
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    let export = export.map_err(|error| damaged(&error))?;
                    surface.exports.push((export.name.name, export.kind));
                }
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                depth += 1;
                if depth > DEEPEST {
                    return Err(NotATool {
                        message: format!("components stand in each other at most {DEEPEST} levels deep"),
                        hint: None,
                    });
                }
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            _other => {}
        }
    }
    Ok(surface)
}

fn kind(exports: &[(&str, ComponentExternalKind)]) -> Result<ComponentKind, NotATool> {
    let interfaces = || {
        exports
            .iter()
            .filter(|(_, kind)| *kind == ComponentExternalKind::Instance)
            .map(|(name, _)| *name)
    };
    if interfaces().any(|name| name == TYPED) {
        return Ok(ComponentKind::Typed);
    }
    let runs = |name: &str| {
        Interface::parse(name).is_some_and(|interface| {
            interface.package == "wasi:cli" && interface.name == "run" && interface.is_wasi_0_2()
        })
    };
    if interfaces().any(runs) {
        return Ok(ComponentKind::Command);
    }
    let found = if exports.is_empty() {
        "nothing".to_owned()
    } else {
        listed(exports.iter().map(|(name, _)| *name))
    };
    let hint = if exports.iter().any(|(name, _)| name.starts_with("wasi:cli/run@0.3.")) {
        "WASI 0.3 is not supported yet: build for wasm32-wasip2"
    } else if exports.iter().any(|(name, _)| name.starts_with("pocket:tool/tool@")) {
        "build it against the `pocket-tool` of this version"
    } else if exports
        .iter()
        .any(|(name, _)| name.starts_with("wasi:http/incoming-handler@"))
    {
        "this is a server: a tool is called with its input, and ends"
    } else {
        "write a program with `fn main` (input on stdin, output on stdout), or export `pocket:tool/tool` with the `pocket-tool` crate"
    };
    Err(NotATool {
        message: format!("it exports neither `wasi:cli/run@0.2` nor `{TYPED}`: found {found}"),
        hint: Some(hint),
    })
}

fn told(not_valid: &NotValid) -> NotATool {
    match not_valid {
        NotValid::Damaged(error) => damaged(error),
        NotValid::TooLong(limit) => NotATool {
            message: format!(
                "it takes longer to check than any tool needs: more than {} s",
                limit.as_secs_f32()
            ),
            hint: Some("leave out types and instances that nothing uses: most tools are checked in some milliseconds"),
        },
    }
}

fn too_heavy(unweighed: &Unweighed) -> NotATool {
    match unweighed {
        Unweighed::Damaged(error) => damaged(error),
        Unweighed::TooMuch => NotATool {
            message: format!(
                "the types of a component weigh at most {}, with all that they refer to",
                weight::MOST
            ),
            hint: Some("leave out types that nothing uses, and give large ones fewer names"),
        },
        Unweighed::TooDeep => NotATool {
            message: "the types of a component stand in each other too deep".to_owned(),
            hint: None,
        },
    }
}

fn damaged(error: &wasmparser::BinaryReaderError) -> NotATool {
    NotATool {
        // The parser quotes names, which are as long as their author liked.
        message: format!(
            "it is not a valid component: {} (at byte {})",
            shortened(error.message()),
            error.offset()
        ),
        hint: Some("it may be cut short or damaged: build or fetch it again"),
    }
}
