// The sRGB transfer (IEC 61966-2-1), both ways, for values in 0..=1.

fn decode_srgb(v: vec3f) -> vec3f {
    let low = v / 12.92;
    let high = pow((v + 0.055) / 1.055, vec3f(2.4));
    return select(high, low, v <= vec3f(0.04045));
}

fn encode_srgb(v: vec3f) -> vec3f {
    let x = clamp(v, vec3f(0.0), vec3f(1.0));
    let low = x * 12.92;
    let high = 1.055 * pow(x, vec3f(1.0 / 2.4)) - 0.055;
    return select(high, low, x <= vec3f(0.0031308));
}
