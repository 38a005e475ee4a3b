//! How much there is to compare in a component's types, found without comparing any of it.
//!
//! What a validator does for one item is bounded only by the size of the types in it, as the validator measures that: a name, or a
//! case without a payload, has none. So a few bytes can have one single item take hours, and nobody can look at the time in between.

use std::{collections::HashMap, mem, rc::Rc};

use wasmparser::{
    BinaryReaderError, ComponentAlias, ComponentExternalKind as Kind, ComponentInstance,
    ComponentOuterAliasKind as Outer, ComponentType, ComponentTypeDeclaration as Declaration, ComponentTypeRef,
    CoreType, Encoding, InstanceTypeDeclaration, ModuleTypeDeclaration, Payload,
};

use super::scope::{Scope, Thing, name_weight, within};

/// The most that all of one type, or all that one component imports and exports, may weigh. Real ones weigh some thousands.
pub(super) const MOST: u64 = 1_000_000;

/// How deep types may stand in types.
const DEEPEST: usize = 32;

/// Why the weight is not told.
#[derive(Debug)]
pub(super) enum Unweighed {
    Damaged(BinaryReaderError),
    TooMuch,
    TooDeep,
}

impl From<BinaryReaderError> for Unweighed {
    fn from(error: BinaryReaderError) -> Self {
        Self::Damaged(error)
    }
}

pub(super) type Weighed<T> = Result<T, Unweighed>;

/// Weighs while a component is read.
#[derive(Debug, Default)]
pub(super) struct Scales<'w> {
    here: Scope<'w>,
    around: Vec<Scope<'w>>,
}

impl<'w> Scales<'w> {
    /// Weighs what one payload adds.
    pub(super) fn weigh(&mut self, payload: &Payload<'w>) -> Weighed<()> {
        match payload {
            Payload::Version { encoding, .. } => self.enter(*encoding == Encoding::Module),
            Payload::End(_) => self.leave(),
            Payload::ImportSection(section) => self.here.bytes(section.count(), &section.range())?,
            Payload::ExportSection(section) => self.here.bytes(section.count(), &section.range())?,
            Payload::CoreTypeSection(section) => {
                for one in section.clone() {
                    self.core_type(&one?)?;
                }
            }
            Payload::ComponentTypeSection(section) => {
                for one in section.clone() {
                    self.add_type(&one?)?;
                }
            }
            Payload::ComponentImportSection(section) => {
                for one in section.clone() {
                    let one = one?;
                    self.here.import(one.name.name, one.ty)?;
                }
            }
            Payload::ComponentExportSection(section) => {
                for one in section.clone() {
                    let one = one?;
                    let mut thing = self.here.of(one.kind, one.index);
                    if let Some(ascribed) = one.ty {
                        thing.weight = thing.weight.max(self.here.referred(ascribed).weight);
                    }
                    self.here.export(one.name.name, one.kind, thing)?;
                }
            }
            Payload::ComponentAliasSection(section) => {
                for one in section.clone() {
                    self.alias(&one?);
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for one in section.clone() {
                    self.instance(&one?)?;
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for one in section.clone() {
                    if let wasmparser::CanonicalFunction::Lift { type_index, .. } = one? {
                        let of = self.here.of(Kind::Type, type_index);
                        self.here.put(Kind::Func, of);
                    }
                }
            }
            _other => {}
        }
        Ok(())
    }

    fn enter(&mut self, is_module: bool) {
        let inner = Scope {
            is_module,
            ..Scope::default()
        };
        self.around.push(mem::replace(&mut self.here, inner));
    }

    fn left(&mut self) -> (bool, Thing<'w>) {
        let outer = self.around.pop().unwrap_or_default();
        let inner = mem::replace(&mut self.here, outer);
        let thing = Thing {
            weight: inner.weight,
            exports: Rc::new(inner.exports),
        };
        (inner.is_module, thing)
    }

    fn leave(&mut self) {
        let (is_module, thing) = self.left();
        let kind = if is_module { Kind::Module } else { Kind::Component };
        self.here.put(kind, thing);
    }

    fn alias(&mut self, alias: &ComponentAlias<'w>) {
        match alias {
            ComponentAlias::InstanceExport {
                kind,
                instance_index,
                name,
            } => {
                let instance = self.here.of(Kind::Instance, *instance_index);
                let thing = instance.exports.get(name).cloned().unwrap_or_default();
                self.here.put(*kind, thing);
            }
            ComponentAlias::CoreInstanceExport { .. } => {}
            ComponentAlias::Outer { kind, count, index } => self.outer_alias(*kind, *count, *index),
        }
    }

    fn outer_alias(&mut self, kind: Outer, count: u32, index: u32) {
        let from = match (count as usize).checked_sub(1) {
            None => Some(&self.here),
            Some(outward) => self.around.iter().rev().nth(outward),
        };
        let of = |kind| from.map(|scope| scope.of(kind, index)).unwrap_or_default();
        let (kind, thing) = match kind {
            Outer::CoreModule => (Kind::Module, of(Kind::Module)),
            Outer::Component => (Kind::Component, of(Kind::Component)),
            Outer::Type => (Kind::Type, of(Kind::Type)),
            Outer::CoreType => {
                let thing = from.and_then(|scope| scope.core_types.get(index as usize));
                let thing = thing.cloned().unwrap_or_default();
                self.here.core_types.push(thing);
                return;
            }
        };
        self.here.put(kind, thing);
    }

    fn instance(&mut self, instance: &ComponentInstance<'w>) -> Weighed<()> {
        let thing = match instance {
            ComponentInstance::Instantiate { component_index, .. } => self.here.of(Kind::Component, *component_index),
            ComponentInstance::FromExports(exports) => {
                let (mut weight, mut things) = (1_u64, HashMap::new());
                for export in exports {
                    let thing = self.here.of(export.kind, export.index);
                    weight = weight
                        .saturating_add(name_weight(export.name.name))
                        .saturating_add(thing.weight);
                    things.insert(export.name.name, thing);
                }
                Thing {
                    weight: within(weight)?,
                    exports: Rc::new(things),
                }
            }
        };
        self.here.instances.push(thing);
        Ok(())
    }

    fn core_type(&mut self, of: &CoreType<'_>) -> Weighed<()> {
        match of {
            CoreType::Rec(group) => {
                let things = group.types().map(|_type| Thing::default());
                self.here.core_types.extend(things);
            }
            CoreType::Module(declarations) => {
                let names = declarations.iter().map(|declaration| match declaration {
                    ModuleTypeDeclaration::Import(import) => {
                        name_weight(import.module).saturating_add(name_weight(import.name))
                    }
                    ModuleTypeDeclaration::Export { name, .. } => name_weight(name),
                    ModuleTypeDeclaration::Type(_) | ModuleTypeDeclaration::OuterAlias { .. } => 1,
                });
                let weight = within(names.fold(1, u64::saturating_add))?;
                self.here.core_types.push(Thing::plain(weight));
            }
        }
        Ok(())
    }

    fn add_type(&mut self, of: &ComponentType<'w>) -> Weighed<()> {
        let thing = match of {
            ComponentType::Defined(defined) => Thing::plain(within(self.here.defined(defined))?),
            ComponentType::Func(function) => {
                let names = function.params.iter().map(|(name, _)| name_weight(name));
                let values = function.params.iter().map(|(_, value)| *value).chain(function.result);
                let weight = names.fold(self.here.values(values), u64::saturating_add);
                Thing::plain(within(weight)?)
            }
            ComponentType::Component(declarations) => {
                self.enter_type()?;
                for declaration in declarations {
                    self.declared_in_component(declaration)?;
                }
                // Each level of components in components is compared once more, for what it is given.
                let mut thing = self.left().1;
                thing.weight = within(thing.weight.saturating_mul(2))?;
                thing
            }
            ComponentType::Instance(declarations) => {
                self.enter_type()?;
                for declaration in declarations {
                    self.declared_in_instance(declaration)?;
                }
                self.left().1
            }
            ComponentType::Resource { .. } => Thing::plain(1),
        };
        self.here.types.push(thing);
        Ok(())
    }

    fn enter_type(&mut self) -> Weighed<()> {
        if self.around.len() > DEEPEST {
            return Err(Unweighed::TooDeep);
        }
        self.enter(false);
        Ok(())
    }

    fn declared_in_component(&mut self, declaration: &Declaration<'w>) -> Weighed<()> {
        match declaration {
            Declaration::CoreType(of) => self.core_type(of)?,
            Declaration::Type(of) => self.add_type(of)?,
            Declaration::Alias(alias) => self.alias(alias),
            Declaration::Export { name, ty } => self.declared_export(name.name, *ty)?,
            Declaration::Import(import) => self.here.import(import.name.name, import.ty)?,
        }
        Ok(())
    }

    fn declared_in_instance(&mut self, declaration: &InstanceTypeDeclaration<'w>) -> Weighed<()> {
        match declaration {
            InstanceTypeDeclaration::CoreType(of) => self.core_type(of)?,
            InstanceTypeDeclaration::Type(of) => self.add_type(of)?,
            InstanceTypeDeclaration::Alias(alias) => self.alias(alias),
            InstanceTypeDeclaration::Export { name, ty } => self.declared_export(name.name, *ty)?,
        }
        Ok(())
    }

    fn declared_export(&mut self, name: &'w str, to: ComponentTypeRef) -> Weighed<()> {
        let thing = self.here.referred(to);
        self.here.export(name, to.kind(), thing)
    }
}
