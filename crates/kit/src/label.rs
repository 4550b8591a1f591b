//! Labels of metrics.

/// An enum whose values are those of a label, each as it is written. Who uses it depends on `prometheus-client`.
#[macro_export]
macro_rules! label {
    ($(#[$about:meta])* $vis:vis enum $name:ident { $($(#[$note:meta])* $value:ident = $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        $vis enum $name {
            $($(#[$note])* $value,)*
        }

        impl $name {
            /// Every value, so that what rises is shown from the start and seen to rise.
            $vis const ALL: &[Self] = &[$(Self::$value,)*];
        }

        impl ::prometheus_client::encoding::EncodeLabelValue for $name {
            fn encode(
                &self,
                encoder: &mut ::prometheus_client::encoding::LabelValueEncoder<'_>,
            ) -> ::std::fmt::Result {
                ::std::fmt::Write::write_str(encoder, match self {
                    $(Self::$value => $text,)*
                })
            }
        }
    };
}
