//! What stands in a component, or in a type of one, each with its weight.

use std::{collections::HashMap, ops::Range, rc::Rc};

use wasmparser::{ComponentDefinedType, ComponentExternalKind as Kind, ComponentTypeRef, ComponentValType, TypeBounds};

use super::weight::{MOST, Unweighed, Weighed};

/// What an import or an export weighs besides its name: it is looked up, where a case is only compared.
const NAMED: u64 = 4;

/// What has an index: its weight with all that it refers to, as often as it does, and what it exports.
#[derive(Debug, Clone, Default)]
pub(super) struct Thing<'w> {
    pub(super) weight: u64,
    pub(super) exports: Rc<HashMap<&'w str, Thing<'w>>>,
}

impl Thing<'_> {
    pub(super) fn plain(weight: u64) -> Self {
        Self {
            weight,
            exports: Rc::default(),
        }
    }
}

/// A component, or a type of one, that is being read. What is not in it refers to nothing: the validator stops there.
#[derive(Debug, Default)]
pub(super) struct Scope<'w> {
    pub(super) is_module: bool,
    pub(super) weight: u64,
    pub(super) exports: HashMap<&'w str, Thing<'w>>,
    pub(super) types: Vec<Thing<'w>>,
    pub(super) core_types: Vec<Thing<'w>>,
    pub(super) functions: Vec<Thing<'w>>,
    pub(super) instances: Vec<Thing<'w>>,
    pub(super) components: Vec<Thing<'w>>,
    pub(super) modules: Vec<Thing<'w>>,
}

impl<'w> Scope<'w> {
    pub(super) fn of(&self, kind: Kind, index: u32) -> Thing<'w> {
        let things = match kind {
            Kind::Module => &self.modules,
            Kind::Func => &self.functions,
            Kind::Value => return Thing::default(),
            Kind::Type => &self.types,
            Kind::Instance => &self.instances,
            Kind::Component => &self.components,
        };
        things.get(index as usize).cloned().unwrap_or_default()
    }

    pub(super) fn put(&mut self, kind: Kind, thing: Thing<'w>) {
        match kind {
            Kind::Module => self.modules.push(thing),
            Kind::Func => self.functions.push(thing),
            Kind::Value => {}
            Kind::Type => self.types.push(thing),
            Kind::Instance => self.instances.push(thing),
            Kind::Component => self.components.push(thing),
        }
    }

    pub(super) fn referred(&self, to: ComponentTypeRef) -> Thing<'w> {
        match to {
            ComponentTypeRef::Module(index) => self.core_types.get(index as usize).cloned().unwrap_or_default(),
            ComponentTypeRef::Func(index)
            | ComponentTypeRef::Type(TypeBounds::Eq(index))
            | ComponentTypeRef::Instance(index)
            | ComponentTypeRef::Component(index) => self.of(Kind::Type, index),
            ComponentTypeRef::Type(TypeBounds::SubResource) | ComponentTypeRef::Value(_) => Thing::default(),
        }
    }

    fn value(&self, of: ComponentValType) -> u64 {
        match of {
            ComponentValType::Primitive(_) => 1,
            ComponentValType::Type(index) => self.of(Kind::Type, index).weight.saturating_add(1),
        }
    }

    pub(super) fn values(&self, of: impl IntoIterator<Item = ComponentValType>) -> u64 {
        of.into_iter()
            .map(|value| self.value(value))
            .fold(1, u64::saturating_add)
    }

    fn grows(&mut self, name: &str, by: u64) -> Weighed<()> {
        self.weight = within(self.weight.saturating_add(NAMED + name_weight(name)).saturating_add(by))?;
        Ok(())
    }

    /// What a module imports or exports, by its bytes.
    pub(super) fn bytes(&mut self, items: u32, at: &Range<usize>) -> Weighed<()> {
        let bytes = at.len() as u64 / 16;
        self.weight = within(self.weight.saturating_add(u64::from(items)).saturating_add(bytes))?;
        Ok(())
    }

    pub(super) fn import(&mut self, name: &'w str, to: ComponentTypeRef) -> Weighed<()> {
        let thing = self.referred(to);
        self.grows(name, thing.weight)?;
        self.put(to.kind(), thing);
        Ok(())
    }

    pub(super) fn export(&mut self, name: &'w str, kind: Kind, thing: Thing<'w>) -> Weighed<()> {
        self.grows(name, thing.weight)?;
        self.exports.insert(name, thing.clone());
        self.put(kind, thing);
        Ok(())
    }

    pub(super) fn defined(&self, of: &ComponentDefinedType<'_>) -> u64 {
        let names = |names: &[&str]| names.iter().map(|name| name_weight(name)).fold(1, u64::saturating_add);
        match of {
            ComponentDefinedType::Primitive(_) | ComponentDefinedType::Own(_) | ComponentDefinedType::Borrow(_) => 1,
            ComponentDefinedType::Record(fields) => fields
                .iter()
                .map(|(name, value)| name_weight(name).saturating_add(self.value(*value)))
                .fold(1, u64::saturating_add),
            ComponentDefinedType::Variant(cases) => cases
                .iter()
                .map(|case| name_weight(case.name).saturating_add(self.values(case.ty)))
                .fold(1, u64::saturating_add),
            ComponentDefinedType::Flags(of) | ComponentDefinedType::Enum(of) => names(of),
            ComponentDefinedType::Tuple(values) => self.values(values.iter().copied()),
            ComponentDefinedType::List(value)
            | ComponentDefinedType::FixedLengthList(value, _)
            | ComponentDefinedType::Option(value) => self.values([*value]),
            ComponentDefinedType::Map(key, value) => self.values([*key, *value]),
            ComponentDefinedType::Result { ok, err } => self.values(ok.iter().chain(err).copied()),
            ComponentDefinedType::Future(value) | ComponentDefinedType::Stream(value) => self.values(*value),
        }
    }
}

/// Names are compared and hashed byte for byte.
pub(super) fn name_weight(name: &str) -> u64 {
    1 + name.len() as u64 / 16
}

pub(super) const fn within(weight: u64) -> Weighed<u64> {
    if weight > MOST {
        return Err(Unweighed::TooMuch);
    }
    Ok(weight)
}
