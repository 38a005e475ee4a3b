//! How many instances, memories and tables a component will make.

use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind, ComponentTypeRef, Instance,
    Payload, Result,
};

/// The most core instances, memories and tables of a component: the slots of the engine's pool are made for these.
const MOST: [(&str, u64); 3] = [("core instances", 32), ("memories", 4), ("tables", 8)];

/// What one module, or one component with all in it, makes when it is instantiated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Made {
    instances: u64,
    memories: u64,
    tables: u64,
    /// Whether it makes more that cannot be told.
    untold: bool,
}

impl Made {
    /// What an instance exports, or a component imports: which module or component it is, only the validator knows.
    const UNTOLD: Self = Self {
        instances: 0,
        memories: 0,
        tables: 0,
        untold: true,
    };

    fn add(&mut self, other: Self) {
        self.instances = self.instances.saturating_add(other.instances);
        self.memories = self.memories.saturating_add(other.memories);
        self.tables = self.tables.saturating_add(other.tables);
        self.untold |= other.untold;
    }
}

/// A component or module that is being read.
#[derive(Debug, Default)]
struct Frame {
    made: Made,
    modules: Vec<Made>,
    components: Vec<Made>,
    is_module: bool,
}

/// Counts while a component is read.
#[derive(Debug, Default)]
pub(super) struct Census {
    frames: Vec<Frame>,
    whole: Made,
}

/// Why what a component makes is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Uncounted {
    /// It is more than it may.
    TooMany { what: &'static str, most: u64, found: u64 },
    /// Nobody can tell how much it is.
    Untold,
}

impl Census {
    /// Counts what one payload adds.
    pub(super) fn count(&mut self, payload: &Payload<'_>) -> Result<()> {
        match payload {
            Payload::Version { encoding, .. } => self.frames.push(Frame {
                is_module: *encoding == wasmparser::Encoding::Module,
                ..Frame::default()
            }),
            Payload::End(_) => self.leave(),
            Payload::MemorySection(section) => self.made().memories += u64::from(section.count()),
            Payload::TableSection(section) => self.made().tables += u64::from(section.count()),
            Payload::InstanceSection(section) => {
                for instance in section.clone() {
                    if let Instance::Instantiate { module_index, .. } = instance? {
                        let module = self.module(0, module_index);
                        self.made().add(module);
                    }
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section.clone() {
                    if let ComponentInstance::Instantiate { component_index, .. } = instance? {
                        let component = self.component(0, component_index);
                        self.made().add(component);
                    }
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section.clone() {
                    self.alias(&alias?);
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    match import?.ty {
                        ComponentTypeRef::Module(_) => self.name_module(Made::UNTOLD),
                        ComponentTypeRef::Component(_) => self.name_component(Made::UNTOLD),
                        ComponentTypeRef::Func(_)
                        | ComponentTypeRef::Value(_)
                        | ComponentTypeRef::Type(_)
                        | ComponentTypeRef::Instance(_) => {}
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    let export = export?;
                    self.named_again(export.kind, self.of(export.kind, export.index));
                }
            }
            _other => {}
        }
        Ok(())
    }

    /// Whether the whole component keeps to the limits.
    pub(super) fn within_limits(&self) -> std::result::Result<(), Uncounted> {
        let Made {
            instances,
            memories,
            tables,
            untold,
        } = self.whole;
        if untold {
            return Err(Uncounted::Untold);
        }
        for ((what, most), found) in MOST.into_iter().zip([instances, memories, tables]) {
            if found > most {
                return Err(Uncounted::TooMany { what, most, found });
            }
        }
        Ok(())
    }

    fn leave(&mut self) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        match self.frames.last_mut() {
            None => self.whole = frame.made,
            Some(outer) if frame.is_module => outer.modules.push(Made {
                instances: 1,
                ..frame.made
            }),
            Some(outer) => outer.components.push(frame.made),
        }
    }

    fn made(&mut self) -> &mut Made {
        match self.frames.last_mut() {
            Some(frame) => &mut frame.made,
            None => &mut self.whole,
        }
    }

    /// The frame that many levels out of the one being read.
    fn frame(&self, outward: u32) -> Option<&Frame> {
        self.frames.iter().rev().nth(outward as usize)
    }

    fn module(&self, outward: u32, index: u32) -> Made {
        self.frame(outward)
            .and_then(|frame| frame.modules.get(index as usize))
            .copied()
            .unwrap_or_default()
    }

    fn component(&self, outward: u32, index: u32) -> Made {
        self.frame(outward)
            .and_then(|frame| frame.components.get(index as usize))
            .copied()
            .unwrap_or_default()
    }

    fn name_module(&mut self, made: Made) {
        if let Some(frame) = self.frames.last_mut() {
            frame.modules.push(made);
        }
    }

    fn name_component(&mut self, made: Made) {
        if let Some(frame) = self.frames.last_mut() {
            frame.components.push(made);
        }
    }

    fn of(&self, kind: ComponentExternalKind, index: u32) -> Made {
        match kind {
            ComponentExternalKind::Module => self.module(0, index),
            ComponentExternalKind::Component => self.component(0, index),
            ComponentExternalKind::Func
            | ComponentExternalKind::Value
            | ComponentExternalKind::Type
            | ComponentExternalKind::Instance => Made::default(),
        }
    }

    /// That something got one more name, and so one more index.
    fn named_again(&mut self, kind: ComponentExternalKind, made: Made) {
        match kind {
            ComponentExternalKind::Module => self.name_module(made),
            ComponentExternalKind::Component => self.name_component(made),
            ComponentExternalKind::Func
            | ComponentExternalKind::Value
            | ComponentExternalKind::Type
            | ComponentExternalKind::Instance => {}
        }
    }

    fn alias(&mut self, alias: &ComponentAlias<'_>) {
        match alias {
            ComponentAlias::InstanceExport { kind, .. } => self.named_again(*kind, Made::UNTOLD),
            ComponentAlias::CoreInstanceExport { .. } => {}
            ComponentAlias::Outer { kind, count, index } => match kind {
                ComponentOuterAliasKind::CoreModule => self.name_module(self.module(*count, *index)),
                ComponentOuterAliasKind::Component => self.name_component(self.component(*count, *index)),
                ComponentOuterAliasKind::CoreType | ComponentOuterAliasKind::Type => {}
            },
        }
    }
}
