//! Every WGSL file is valid, has its mirror's entry points, and lays its structs out as Rust does.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test")]

use naga::valid::{Capabilities, ValidationFlags, Validator};
use omote_shaders::layout::*;
use omote_shaders::{Binding, PASSES, wgsl};
use std::mem::{offset_of, size_of};

fn module(name: &str) -> naga::Module {
    let text = wgsl(name).unwrap_or_else(|| panic!("{name}: missing shader or import"));
    naga::front::wgsl::parse_str(&text).unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(&text)))
}

#[test]
fn every_shader_is_valid_and_has_its_entry_points() {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/wgsl")).unwrap();
    let on_disk =
        files.filter(|f| f.as_ref().unwrap().path().extension().is_some_and(|e| e == "wgsl")).count();
    assert_eq!(on_disk, PASSES.len(), "a file in wgsl/ is in no pass");
    for pass in PASSES {
        let module = module(pass.name);
        let mut validator = Validator::new(ValidationFlags::all(), Capabilities::empty());
        if let Err(e) = validator.validate(&module) {
            panic!("{}: {}", pass.name, e.emit_to_string(&wgsl(pass.name).unwrap()));
        }
        let names: Vec<&str> = module.entry_points.iter().map(|e| e.name.as_str()).collect();
        assert_eq!(names, pass.entry_points, "{}", pass.name);
        assert_eq!(bindings(&module), pass.bindings, "{}", pass.name);
        let row = module.constants.iter().find(|(_, c)| c.name.as_deref() == Some("ROW_INVOCATIONS"));
        if let Some((_, c)) = row {
            let value = &module.global_expressions[c.init];
            assert_eq!(*value, naga::Expression::Literal(naga::Literal::U32(ROW_INVOCATIONS)));
        }
    }
}

/// The kinds of the bindings of group 0, which must be numbered without a gap.
fn bindings(module: &naga::Module) -> Vec<Binding> {
    let mut found: Vec<(u32, Binding)> = module
        .global_variables
        .iter()
        .filter_map(|(_, v)| {
            let kind = match v.space {
                naga::AddressSpace::Uniform => Binding::Uniform,
                naga::AddressSpace::Storage { access } if access.contains(naga::StorageAccess::STORE) => {
                    Binding::Write
                }
                _ => Binding::Read,
            };
            Some((v.binding.as_ref()?.binding, kind))
        })
        .collect();
    found.sort_by_key(|(n, _)| *n);
    assert!((0u32..).zip(&found).all(|(i, (n, _))| i == *n), "bindings have a gap: {found:?}");
    found.into_iter().map(|(_, kind)| kind).collect()
}

#[test]
fn a_shader_with_a_fault_is_caught() {
    let text = wgsl("region_in").unwrap().replace("id.x;", "id.q;");
    assert!(naga::front::wgsl::parse_str(&text).is_err());
}

/// Size and offsets of the members of a struct as naga lays it out.
fn members(module: &naga::Module, name: &str) -> (u32, Vec<(String, u32)>) {
    let (_, ty) = module.types.iter().find(|(_, t)| t.name.as_deref() == Some(name)).unwrap();
    match &ty.inner {
        naga::TypeInner::Struct { members, span } => {
            (*span, members.iter().map(|m| (m.name.clone().unwrap(), m.offset)).collect())
        }
        other => panic!("{name} is {other:?}"),
    }
}

macro_rules! same_layout {
    ($pass:literal, $ty:ident, $($field:ident),+) => {{
        let (size, found) = members(&module($pass), stringify!($ty));
        let expected = vec![$((stringify!($field).to_owned(), offset_of!($ty, $field) as u32)),+];
        assert_eq!(found, expected, "{}", stringify!($ty));
        assert_eq!(size as usize, size_of::<$ty>(), "size of {}", stringify!($ty));
    }};
}

#[test]
fn uniform_structs_match() {
    same_layout!("region_in", RegionInParams, size, pad, to_rgb);
    same_layout!("warp_field", WarpFieldParams, size, triangles, pad);
    same_layout!("warp_field", Triangle, edges, u, v, z, cover, bounds);
    same_layout!("morph", MorphParams, size, least, pad);
    same_layout!("occlude", OccludeParams, size, low, high);
    same_layout!("occlude", OccludeCell, face, front);
    same_layout!("motion_blur", MotionBlurParams, size, streak, taps, pad, more);
    same_layout!("texture_fetch", TextureFetchParams, size, side, levels, lod_bias, opacity, pad);
    same_layout!(
        "illuminate",
        IlluminateParams,
        size,
        grid,
        cell,
        radius,
        sigma,
        strength,
        keep_reference,
        axis,
        features,
        pad,
        rows
    );
    same_layout!("blend_bands", BlendBandsParams, fine, coarse, last, pad, more);
    same_layout!(
        "badge_encode",
        BadgeEncodeParams,
        size,
        origin,
        from_rgb,
        plate,
        plate_rgb,
        text_rgb,
        grain,
        kept,
        pad,
        more
    );
}
