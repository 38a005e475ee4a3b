//! Validates a component, within a time of its own.

use std::time::Duration;

use wasmparser::{BinaryReader, BinaryReaderError, FromReader, Parser, Payload, Result, SectionLimited, Validator};

use crate::{base::thread_time::thread_time, package::component::features::FEATURES};

/// How long a thread works on one component. The largest real ones take some hundredths of a second; one that is made for it
/// takes hours, since each of its types may be compared with each of its instances.
const LONGEST: Duration = Duration::from_secs(4);

/// Why a component is not taken.
#[derive(Debug)]
pub(super) enum NotValid {
    Damaged(BinaryReaderError),
    /// It takes longer than so.
    TooLong(Duration),
}

impl From<BinaryReaderError> for NotValid {
    fn from(error: BinaryReaderError) -> Self {
        Self::Damaged(error)
    }
}

type Validated = std::result::Result<(), NotValid>;

/// Validates all but the bodies of functions, by the features that the engine has.
pub(super) fn validate(bytes: &[u8]) -> Validated {
    validate_within(bytes, LONGEST)
}

pub(super) fn validate_within(bytes: &[u8], longest: Duration) -> Validated {
    let mut validating = Validating {
        validator: Validator::new_with_features(FEATURES),
        bytes,
        until: thread_time().saturating_add(longest),
        longest,
    };
    for payload in Parser::new(0).parse_all(bytes) {
        validating.payload(&payload?)?;
    }
    Ok(())
}

struct Validating<'a> {
    validator: Validator,
    bytes: &'a [u8],
    until: Duration,
    longest: Duration,
}

impl Validating<'_> {
    fn payload(&mut self, payload: &Payload<'_>) -> Validated {
        match payload {
            Payload::ComponentTypeSection(section) => self.one_by_one(section, |validator, one| {
                validator.component_type_section(&SectionLimited::new(one)?)
            })?,
            Payload::ComponentInstanceSection(section) => self.one_by_one(section, |validator, one| {
                validator.component_instance_section(&SectionLimited::new(one)?)
            })?,
            Payload::ComponentImportSection(section) => self.one_by_one(section, |validator, one| {
                validator.component_import_section(&SectionLimited::new(one)?)
            })?,
            Payload::ComponentExportSection(section) => self.one_by_one(section, |validator, one| {
                validator.component_export_section(&SectionLimited::new(one)?)
            })?,
            Payload::InstanceSection(section) => self.one_by_one(section, |validator, one| {
                validator.instance_section(&SectionLimited::new(one)?)
            })?,
            other => {
                self.validator.payload(other)?;
            }
        }
        self.in_time()
    }

    /// Validates each item as a section of its own, so that the time is looked at in between: what one item has to compare was weighed
    /// before.
    fn one_by_one<'s, T: FromReader<'s>>(
        &mut self,
        section: &SectionLimited<'s, T>,
        mut validate: impl FnMut(&mut Validator, BinaryReader<'_>) -> Result<()>,
    ) -> Validated {
        let mut starts = Vec::new();
        for item in section.clone().into_iter_with_offsets() {
            starts.push(item?.0);
        }
        starts.push(section.range().end);
        let mut one = Vec::new();
        for (start, end) in starts.iter().zip(starts.iter().skip(1)) {
            one.clear();
            // How many items it has.
            one.push(1);
            one.extend_from_slice(self.bytes.get(*start..*end).unwrap_or_default());
            let reader = BinaryReader::new_features(&one, start.saturating_sub(1), FEATURES);
            validate(&mut self.validator, reader)?;
            self.in_time()?;
        }
        Ok(())
    }

    fn in_time(&self) -> Validated {
        if thread_time() > self.until {
            return Err(NotValid::TooLong(self.longest));
        }
        Ok(())
    }
}
