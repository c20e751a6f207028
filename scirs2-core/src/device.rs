//! Where memory lives, in DLPack's numbering.

use core::fmt;

/// The kind of a device.
///
/// A number, not an enum: it is read from foreign memory, which may hold any
/// value.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct DeviceKind(pub i32);

macro_rules! kinds {
    ($($(#[$doc:meta])* $constant:ident = $code:literal $name:literal,)+) => {
        impl DeviceKind {
            $($(#[$doc])* pub const $constant: DeviceKind = DeviceKind($code);)+

            /// The name, where DLPack 1.3 gives one.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some($name),)+
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    /// Host memory.
    CPU = 1 "CPU",
    /// CUDA device memory.
    CUDA = 2 "CUDA",
    /// Host memory pinned by CUDA.
    CUDA_HOST = 3 "CUDA pinned host",
    /// OpenCL.
    OPENCL = 4 "OpenCL",
    /// Vulkan.
    VULKAN = 7 "Vulkan",
    /// Apple Metal.
    METAL = 8 "Metal",
    /// Verilog simulator.
    VPI = 9 "VPI",
    /// ROCm device memory.
    ROCM = 10 "ROCm",
    /// Host memory pinned by ROCm.
    ROCM_HOST = 11 "ROCm pinned host",
    /// Reserved for extensions.
    EXTENSION = 12 "extension",
    /// CUDA memory that the host can read too.
    CUDA_MANAGED = 13 "CUDA managed",
    /// OneAPI unified shared memory.
    ONEAPI = 14 "oneAPI",
    /// WebGPU.
    WEBGPU = 15 "WebGPU",
    /// Qualcomm Hexagon.
    HEXAGON = 16 "Hexagon",
    /// Microsoft MAIA.
    MAIA = 17 "MAIA",
    /// AWS Trainium.
    TRAINIUM = 18 "Trainium",
    /// Google TPU.
    TPU = 19 "TPU",
    /// Host memory pinned for a TPU.
    TPU_HOST = 20 "TPU pinned host",
}

impl DeviceKind {
    /// Whether the CPU can read the memory directly.
    #[must_use]
    pub const fn is_host(self) -> bool {
        matches!(
            self,
            Self::CPU | Self::CUDA_HOST | Self::ROCM_HOST | Self::CUDA_MANAGED
        )
    }
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} (device type {})", self.0),
            None => write!(f, "unknown device type {}", self.0),
        }
    }
}

impl fmt::Debug for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One device: its kind and its number among the devices of that kind.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(C)]
pub struct Device {
    /// The kind of the device.
    pub kind: DeviceKind,
    /// The number among the devices of that kind.
    pub id: i32,
}

impl Device {
    /// Host memory.
    pub const CPU: Device = Device {
        kind: DeviceKind::CPU,
        id: 0,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_unknown_kinds_print() {
        assert_eq!(DeviceKind::CUDA.to_string(), "CUDA (device type 2)");
        assert_eq!(DeviceKind(-7).to_string(), "unknown device type -7");
        assert!(!DeviceKind(-7).is_host());
        assert!(DeviceKind::CUDA_MANAGED.is_host());
    }
}
