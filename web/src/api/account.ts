import { logInByLink, write } from "./client";
import type {
  ChannelCreated,
  ChannelOut,
  ChannelTerms,
  LoginLink,
  ManagedUser,
  NewChannel,
  NewToken,
  NewUser,
  Preferences,
  PreferencesOut,
  RecoveryCodes,
  RunStarted,
  SecondFactorBegun,
  SecretOut,
  TokenCreated,
  TokenPair,
  UserTerms,
} from "./types";

export async function savePreferences(wanted: Preferences, version: number): Promise<PreferencesOut> {
  return (await write("PUT", "me/preferences", wanted, { "If-Match": `"${version}"` })) as PreferencesOut;
}

/** Every log-in ends: the answer is a new one. `code`: of a user with a second factor. */
export async function changePassword(current: string, next: string, code?: string): Promise<TokenPair> {
  return (await write("PUT", "auth/password", { current_password: current, new_password: next, code })) as TokenPair;
}

/** Log the page in as a log-in that is there: no password and no code is needed again. */
export async function logInAs(tokens: TokenPair): Promise<void> {
  const bearer = { Authorization: `Bearer ${tokens.access_token}` };
  const link = (await write("POST", "auth/session/link", undefined, bearer)) as LoginLink;
  await logInByLink(link.code);
}

const SECOND_FACTOR = "me/second-factor";

export async function beginSecondFactor(password: string): Promise<SecondFactorBegun> {
  return (await write("POST", SECOND_FACTOR, { password })) as SecondFactorBegun;
}

export async function confirmSecondFactor(code: string): Promise<RecoveryCodes> {
  return (await write("POST", `${SECOND_FACTOR}/confirm`, { code })) as RecoveryCodes;
}

export async function renewRecoveryCodes(password: string, code: string): Promise<RecoveryCodes> {
  return (await write("POST", `${SECOND_FACTOR}/recovery-codes`, { password, code })) as RecoveryCodes;
}

export async function removeSecondFactor(password: string, code: string): Promise<void> {
  await write("DELETE", SECOND_FACTOR, { password, code });
}

export async function createToken(wanted: NewToken): Promise<TokenCreated> {
  return (await write("POST", "me/tokens", wanted)) as TokenCreated;
}

export async function revokeToken(tokenId: string): Promise<void> {
  await write("DELETE", `me/tokens/${tokenId}`);
}

const CHANNELS = "notifications/channels";

export async function addChannel(wanted: NewChannel): Promise<ChannelCreated> {
  return (await write("POST", CHANNELS, wanted)) as ChannelCreated;
}

export async function changeChannel(channelId: string, terms: ChannelTerms): Promise<ChannelOut> {
  return (await write("PATCH", `${CHANNELS}/${channelId}`, terms)) as ChannelOut;
}

export async function deleteChannel(channelId: string): Promise<void> {
  await write("DELETE", `${CHANNELS}/${channelId}`);
}

export async function confirmChannel(channelId: string, code: string): Promise<void> {
  await write("POST", `${CHANNELS}/${channelId}/confirm`, { code });
}

export async function replaceSecret(channelId: string): Promise<SecretOut> {
  return (await write("POST", `${CHANNELS}/${channelId}/secret`)) as SecretOut;
}

export async function sendCode(channelId: string): Promise<void> {
  await write("POST", `${CHANNELS}/${channelId}/code`);
}

export async function sendTest(channelId: string): Promise<void> {
  await write("POST", `${CHANNELS}/${channelId}/test`);
}

export async function repeatDelivery(channelId: string, notificationId: string): Promise<void> {
  await write("POST", `${CHANNELS}/${channelId}/deliveries/${notificationId}/repeat`);
}

// --- for administrators ---

export async function createUser(wanted: NewUser): Promise<ManagedUser> {
  return (await write("POST", "admin/users", wanted)) as ManagedUser;
}

export async function changeUser(userId: string, terms: UserTerms): Promise<ManagedUser> {
  return (await write("PATCH", `admin/users/${userId}`, terms)) as ManagedUser;
}

export async function resetPassword(userId: string, password: string): Promise<void> {
  await write("PUT", `admin/users/${userId}/password`, { new_password: password });
}

export async function removeUsersSecondFactor(userId: string): Promise<void> {
  await write("DELETE", `admin/users/${userId}/second-factor`);
}

export async function deleteUser(userId: string): Promise<void> {
  await write("DELETE", `admin/users/${userId}`);
}

/** `work`: the last part of the route that starts it. */
export async function startRun(work: string, sessionDate: string): Promise<RunStarted> {
  return (await write("POST", `admin/batch/${work}`, { session_date: sessionDate })) as RunStarted;
}

export async function replayLetter(letterId: string): Promise<void> {
  await write("POST", `admin/dead-letters/${letterId}/replay`);
}
